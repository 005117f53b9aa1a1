"""One person walking through poses, as a strip and as frames of a moving picture."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn

from posegan_plugin.datasets import PersonDataset
from posegan_plugin.errors import UserError
from posegan_plugin.visualization.figures.cells import (
    blank_cell,
    image_cells,
    images_of,
    pose_cells,
    synthesise,
)
from posegan_plugin.visualization.grid import image_grid
from posegan_plugin.visualization.walk import walk_between, walk_order


def choose_walk(
    dataset: PersonDataset, person: int, count: int, min_joints: int = 10, seed: int = 0
) -> Tensor:
    """Random poses in an order that makes a walk, starting near the person's own pose.

    Args:
        dataset: The people whose poses are taken.
        person: Row of the person.
        count: Number of poses; fewer where fewer others have enough joints.
        min_joints: Joints that a pose needs.
        seed: Seed of the choice.

    Returns:
        Poses (N, 18, 3) in pixels of the data set's images.

    Raises:
        UserError: Nobody else has enough joints.
    """
    usable = (dataset.joint_counts >= min_joints).numpy()
    usable[person] = False
    chosen = np.random.default_rng(seed).permutation(np.flatnonzero(usable))[:count]
    if not len(chosen):
        raise UserError(
            f"nobody but {dataset.people[person].path} has {min_joints} joints, so there is no pose to "
            "walk to: name key points of more images, or a smaller --min-joints"
        )
    poses = dataset.keypoints[chosen]
    return poses[walk_order(poses.numpy(), dataset.keypoints[person].numpy())]


def walk_figure(
    generators: Mapping[str, nn.Module], dataset: PersonDataset, person: int, poses: Tensor
) -> np.ndarray:
    """A strip: the poses, and below them the person in each, a row for each generator.

    The person stays with the camera that saw it.

    Args:
        generators: By the name of their row; in evaluation mode.
        dataset: The people.
        person: Row of the person.
        poses: (N, 18, 3) in pixels of the data set's images.

    Returns:
        RGB picture (H, W, 3), uint8.
    """
    size = dataset.image_size
    made = _synthesised(generators, dataset, person, poses)
    rows = [
        [*image_cells(images_of(dataset, [person])), *pose_cells(poses, size)],
        *([blank_cell(size), *cells] for cells in made),
    ]
    titles = ["person", *(f"pose {n + 1}" for n in range(len(poses)))]
    return image_grid(rows, titles, ["target pose", *generators], scale=1)


def walk_frames(
    generators: Mapping[str, nn.Module],
    dataset: PersonDataset,
    person: int,
    poses: Tensor,
    steps: int = 1,
) -> list[np.ndarray]:
    """Frames of a walk that ends where it began: person, pose, the person in that pose.

    Args:
        generators: By the name above their column; in evaluation mode.
        dataset: The people.
        person: Row of the person.
        poses: (N, 18, 3) in pixels of the data set's images.
        steps: Frames from each pose to the next, see
            :func:`posegan_plugin.visualization.walk_between`.

    Returns:
        N * steps RGB pictures (H, W, 3), uint8, of one size.
    """
    poses = torch.from_numpy(walk_between(poses.numpy(), steps))
    made = _synthesised(generators, dataset, person, poses)
    condition = image_cells(images_of(dataset, [person]))[0]
    titles = ["person", "target pose", *generators]
    return [
        image_grid([[condition, *cells]], titles, scale=1)
        for cells in zip(pose_cells(poses, dataset.image_size), *made, strict=True)
    ]


def _synthesised(
    generators: Mapping[str, nn.Module], dataset: PersonDataset, person: int, poses: Tensor
) -> list[list[np.ndarray]]:
    rows = [person] * len(poses)
    cameras = torch.from_numpy(dataset.camids[rows])
    return [
        image_cells(synthesise(generator, dataset, rows, poses, cameras))
        for generator in generators.values()
    ]
