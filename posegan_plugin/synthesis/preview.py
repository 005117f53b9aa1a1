"""A picture of some of the set: condition image, target pose, synthesised image."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from posegan_plugin.datasets import PersonDataset, read_image
from posegan_plugin.synthesis.plan import SynthesisPlan
from posegan_plugin.synthesis.tables import Row, is_written
from posegan_plugin.visualization import image_grid, pose_picture, save_image

_ROWS = 12
_TITLES = ("condition", "target pose", "synthesised")


def save_preview(
    root: Path, plan: SynthesisPlan, manifest: Sequence[Row], dataset: PersonDataset
) -> None:
    """Write ``preview.png``: a dozen of the images, evenly spread over the set.

    Args:
        root: The output folder, with all images in it.
        plan: What was planned.
        manifest: A line for each planned image.
        dataset: The people.

    Raises:
        UserError: An image cannot be read, or the picture cannot be written.
    """
    kept = [row for row, line in enumerate(manifest) if is_written(line)]
    if not kept:
        return
    chosen = [kept[i] for i in np.linspace(0, len(kept) - 1, min(_ROWS, len(kept))).astype(int)]
    size = dataset.image_size
    pictures, titles = [], []
    for row in chosen:
        condition = dataset[int(plan.targets.sources[row])]["image"]
        made = read_image(root / manifest[row]["file"], size)
        pose = pose_picture(plan.targets.keypoints[row].numpy(), size)
        pictures.append([condition.permute(1, 2, 0).numpy(), pose, made.permute(1, 2, 0).numpy()])
        similarity = manifest[row]["similarity"]
        titles.append(f"person {plan.numbers[row]}" + (similarity and f" similarity {similarity}"))
    save_image(root / "preview.png", image_grid(pictures, _TITLES, titles))
