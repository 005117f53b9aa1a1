"""Training sets that ``tools/synthesize.py`` would render before a training."""

from __future__ import annotations

from pathlib import Path

from harness import weights_hash
from torch import nn

from posegan_plugin.for_mmengine.load_people import load_posed_people
from posegan_plugin.synthesis import Networks, SynthesisOptions, synthesize
from reid.people import LAYOUT, People


def render_people(people: People, generator: nn.Module, target: str, root: Path) -> None:
    """Write each real training image, and beside it one of the person in another pose.

    Args:
        people: The real people; query and gallery stay theirs.
        generator: Makes the images.
        target: Whose poses, see :class:`posegan_plugin.synthesis.SynthesisOptions`.
        root: Where the set is made, or gone on with.
    """
    splits, keypoints = load_posed_people("market1501", str(people.root))
    # As the folder of a row is named: another file may hold the same weights.
    networks = Networks(generator, None, {"checkpoint_sha256": weights_hash(generator)})
    options = SynthesisOptions(target=target, poses=1)
    synthesize(root / LAYOUT, splits, keypoints, networks, options)
