"""Training sets that ``tools/synthesize.py`` would render before a training."""

from __future__ import annotations

from pathlib import Path

from posegan_plugin.for_mmengine.load_people import load_posed_people
from posegan_plugin.synthesis import Networks, SynthesisOptions, synthesize
from reid.people import LAYOUT, People


def render_people(people: People, networks: Networks, target: str, root: Path) -> None:
    """Write each real training image, and beside it one of the person in another pose.

    Args:
        people: The real people; query and gallery stay theirs.
        networks: Make the images.
        target: Whose poses, see :class:`posegan_plugin.synthesis.SynthesisOptions`.
        root: Where the set is made, or gone on with.
    """
    splits, keypoints = load_posed_people("market1501", str(people.root))
    options = SynthesisOptions(target=target, poses=1)
    synthesize(root / LAYOUT, splits, keypoints, networks, options)
