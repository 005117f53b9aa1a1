"""The poses that people are moved to: other people's, or those of a file."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from posegan_plugin.datasets import PersonDataset
from posegan_plugin.errors import UserError
from posegan_plugin.pose import (
    POLICIES,
    PoseBank,
    count_joints,
    read_keypoint_csv,
    resize_keypoints,
    visible,
)
from posegan_plugin.synthesis.options import SynthesisOptions

_DRAWN_AT_ONCE = 256  # the table of so many people x all poses fits in memory


class Targets(NamedTuple):
    """A pose for each of R images to be, those of one source side by side.

    Attributes:
        sources: Rows of the condition images in the data set (R,), int64, rising.
        frames: Number of the image among those of its source (R,), int64, from 0.
        keypoints: The poses (R, 18, 3) in pixels of the data set's image size.
        camids: Camera that each pose was seen by, or the source's for poses of a file (R,), int64.
        origins: Where each pose comes from: an image, or ``FILE:NAME``.
    """

    sources: Tensor
    frames: Tensor
    keypoints: Tensor
    camids: Tensor
    origins: list[str]


def choose_targets(dataset: PersonDataset, paths: list[str], options: SynthesisOptions) -> Targets:
    """Choose up to K different poses for every person with enough joints.

    A person gets fewer than K where there are fewer, and none where there is none.

    Args:
        dataset: The people.
        paths: A path for each of them, for ``origins``.
        options: What the user chose.

    Raises:
        UserError: Nobody has enough joints or a pose to take, or the file of poses cannot be used.
    """
    pids, camids = torch.from_numpy(dataset.pids), torch.from_numpy(dataset.camids)
    bank = PoseBank(dataset.keypoints, pids, camids, options.min_joints)
    sources = bank.indices[: options.limit]
    if options.target not in POLICIES:
        return _from_file(sources, camids, dataset.image_size, options)
    rows = _draw(bank, sources, pids, camids, options)
    which, frames = (rows >= 0).nonzero(as_tuple=True)
    if not len(which):
        raise UserError(
            f"target {options.target}: none of the {len(sources)} people has another pose to take; "
            "choose target any"
        )
    rows = rows[which, frames]
    return Targets(
        sources[which],
        frames,
        dataset.keypoints[rows],
        camids[rows],
        [paths[row] for row in rows.tolist()],
    )


def _draw(
    bank: PoseBank, sources: Tensor, pids: Tensor, camids: Tensor, options: SynthesisOptions
) -> Tensor:
    """Rows of the data set (S, K) whose poses the S people get, none twice; -1: no further one."""
    generator = torch.Generator().manual_seed(options.seed)
    drawn = []
    for people in sources.split(_DRAWN_AT_ONCE):
        taken = people[:, None]  # nobody gets the pose they have
        for _ in range(options.poses or 2):
            chosen = bank.sample(
                options.target, pids[people], camids[people], generator, exclude=taken
            )
            rows = bank.indices[chosen].where(chosen >= 0, chosen)
            taken = torch.cat((taken, rows[:, None]), dim=1)
        drawn.append(taken[:, 1:])
    return torch.cat(drawn)


def _from_file(
    sources: Tensor, camids: Tensor, size: tuple[int, int], options: SynthesisOptions
) -> Targets:
    """The poses of a file in turn: the next person goes on where the one before ended."""
    poses, names = _read_poses(options, size)
    count = min(options.poses or len(poses), len(poses))
    rows = torch.arange(len(sources) * count) % len(poses)
    repeated = sources.repeat_interleave(count)
    return Targets(
        repeated,
        torch.arange(count).repeat(len(sources)),
        poses[rows],
        camids[repeated],
        [names[row] for row in rows.tolist()],
    )


def _read_poses(options: SynthesisOptions, size: tuple[int, int]) -> tuple[Tensor, list[str]]:
    """The poses of the file (M, 18, 3) in pixels of ``size``, and ``FILE:NAME`` of each."""
    path = Path(options.target)
    if not path.is_file():
        raise UserError(
            f"target {options.target}: neither one of {', '.join(POLICIES)} nor a file of poses; "
            "check the spelling or the path"
        )
    found = read_keypoint_csv(path)
    if not found:
        raise UserError(f"{path} holds no pose: add a line for each below the header")
    own_size = options.pose_size or size
    poses = torch.from_numpy(np.stack(list(found.values())))
    for name, pose in zip(found, poses, strict=True):
        joints = int(count_joints(pose))
        if joints < options.min_joints:
            raise UserError(
                f"{path}: the pose {name} has {joints} joints, fewer than min_joints "
                f"{options.min_joints}; complete or remove it, or lower min_joints"
            )
        if int(visible(pose, own_size).sum()) < joints:
            raise UserError(
                f"{path}: the pose {name} reaches beyond an image {own_size[0]} high and "
                f"{own_size[1]} wide; name the size of the images it belongs to (--pose-size)"
            )
    return resize_keypoints(poses, own_size, size), [f"{path.name}:{name}" for name in found]
