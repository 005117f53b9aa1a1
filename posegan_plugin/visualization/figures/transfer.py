"""People in target poses, one or several generators side by side (figures 8, 9, 11 and 12)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from posegan_plugin.datasets import PersonDataset
from posegan_plugin.evaluation.transfer_pairs import TransferPairs
from posegan_plugin.visualization.figures.cells import (
    blank_cell,
    caption_of,
    image_cells,
    images_of,
    pose_cells,
    synthesise,
)
from posegan_plugin.visualization.grid import image_grid


def transfer_figure(
    generators: Mapping[str, nn.Module], dataset: PersonDataset, pairs: TransferPairs
) -> np.ndarray:
    """Condition, its pose, target pose, a synthesised image of each generator, true target.

    Args:
        generators: By the name above their column; in evaluation mode.
        dataset: The people.
        pairs: One a row, see :func:`posegan_plugin.evaluation.transfer_pairs.fixed_pairs`.

    Returns:
        RGB picture (H, W, 3), uint8.
    """
    poses, cameras = dataset.keypoints, torch.from_numpy(dataset.camids[pairs.targets])
    generated = {
        name: synthesise(generator, dataset, pairs.conditions, poses[pairs.targets], cameras)
        for name, generator in generators.items()
    }
    return pair_grid(
        images_of(dataset, pairs.conditions),
        poses[pairs.conditions],
        poses[pairs.targets],
        generated,
        images_of(dataset, pairs.targets),
    )


def pair_grid(
    conditions: Tensor,
    condition_poses: Tensor,
    target_poses: Tensor,
    generated: Mapping[str, Tensor],
    targets: Tensor,
) -> np.ndarray:
    """The grid of :func:`transfer_figure` from images that are there already.

    Args:
        conditions: I_c (N, 3, H, W) in [-1, 1].
        condition_poses: (N, 18, 3) in pixels of the images.
        target_poses: (N, 18, 3), likewise.
        generated: I_g by the name above the column, each (N, 3, H, W).
        targets: I_t (N, 3, H, W).

    Returns:
        RGB picture (H', W', 3), uint8.
    """
    size = tuple(targets.shape[-2:])
    columns = (
        image_cells(conditions),
        pose_cells(condition_poses, size),
        pose_cells(target_poses, size),
        *map(image_cells, generated.values()),
        image_cells(targets),
    )
    titles = ["condition", "its pose", "target pose", *generated, "true target"]
    return image_grid(list(zip(*columns, strict=True)), titles, scale=1)


def pose_matrix_figure(
    generators: Mapping[str, nn.Module],
    dataset: PersonDataset,
    people: Sequence[int],
    poses: Sequence[int],
) -> np.ndarray:
    """Each of some people in each of some poses; the poses stand above, the people at the left.

    The people stay with the camera that saw them.

    Args:
        generators: By name; where there are several, each person has a row of each.
        dataset: The people.
        people: Rows of the data set to draw.
        poses: Rows of the data set whose poses they are drawn in.

    Returns:
        RGB picture (H, W, 3), uint8.
    """
    people, poses = np.asarray(people), np.asarray(poses)
    conditions, size = image_cells(images_of(dataset, people)), dataset.image_size
    repeated = np.repeat(people, len(poses))
    wanted = dataset.keypoints[np.tile(poses, len(people))]
    cameras = torch.from_numpy(dataset.camids[repeated])
    made = {
        name: image_cells(synthesise(generator, dataset, repeated, wanted, cameras))
        for name, generator in generators.items()
    }
    rows = [[blank_cell(size), *pose_cells(dataset.keypoints[poses], size)]]
    row_titles = ["target pose"]
    for number, (person, condition) in enumerate(zip(people.tolist(), conditions, strict=True)):
        for name, cells in made.items():
            start = number * len(poses)
            rows.append([condition, *cells[start : start + len(poses)]])
            row_titles.append(caption_of(dataset, person, *([name] if len(made) > 1 else [])))
    titles = ["condition", *(str(n + 1) for n in range(len(poses)))]
    return image_grid(rows, titles, row_titles, scale=1)
