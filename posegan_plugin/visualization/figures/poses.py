"""Key points over the images they were found in."""

from __future__ import annotations

import numpy as np

from posegan_plugin.datasets import PersonDataset
from posegan_plugin.pose import NUM_JOINTS
from posegan_plugin.visualization.caption import captioned
from posegan_plugin.visualization.figures.cells import caption_of, images_of
from posegan_plugin.visualization.grid import image_grid, to_uint8
from posegan_plugin.visualization.legend import add_legend, swatch
from posegan_plugin.visualization.skeleton import draw_skeleton, skeleton_colours


def keypoint_figure(
    dataset: PersonDataset,
    count: int = 24,
    columns: int = 8,
    worst_first: bool = False,
    seed: int = 0,
) -> np.ndarray:
    """Skeletons over images, each with its file name and number of joints below.

    Args:
        dataset: The people, at the size they are to be shown.
        count: Images shown; fewer where there are fewer.
        columns: Images a row.
        worst_first: Show those with the fewest joints, instead of random ones.
        seed: Seed of the random choice.

    Returns:
        RGB picture (H, W, 3), uint8.
    """
    joints = dataset.joint_counts.numpy()
    if worst_first:
        rows = np.argsort(joints, kind="stable")[:count]
    else:
        rows = np.sort(np.random.default_rng(seed).permutation(len(dataset))[:count])
    pictures = to_uint8(images_of(dataset, rows))
    cells = [
        captioned(
            draw_skeleton(picture, dataset.keypoints[row].numpy()),
            caption_of(dataset, row, f"{joints[row]}/{NUM_JOINTS} joints"),
        )
        for picture, row in zip(pictures, rows.tolist(), strict=True)
    ]
    parts = [cells[start : start + columns] for start in range(0, len(cells), columns)]
    grid = image_grid(parts, [""] * len(parts[0]), scale=1)
    legend = [(swatch(colour), part) for part, colour in skeleton_colours().items()]
    return add_legend(grid, legend)
