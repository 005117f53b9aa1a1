"""Bones: lines between joints, and how far the body reaches around them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from posegan_plugin.pose.skeleton import JOINTS

# Points that no pose file has: the middles of the hips and of what is seen of the head.
_MIDDLES = {
    "mid_hip": ("right_hip", "left_hip"),
    "head": ("nose", "right_eye", "left_eye", "right_ear", "left_ear"),
}
_POINTS = (*JOINTS, *_MIDDLES)


class Bone(NamedTuple):
    """A line between two points of the body.

    Attributes:
        start: Name of a joint, or ``mid_hip`` or ``head``.
        end: Likewise.
        reach: How far the body reaches around it, as a share of :func:`body_size`.
    """

    start: str
    end: str
    reach: float


def _limbs(side: str) -> tuple[Bone, ...]:
    return (
        Bone(f"{side}_shoulder", f"{side}_elbow", 0.18),
        Bone(f"{side}_elbow", f"{side}_wrist", 0.15),
        Bone(f"{side}_hip", f"{side}_knee", 0.25),
        Bone(f"{side}_knee", f"{side}_ankle", 0.20),
    )


BONES: tuple[Bone, ...] = (
    Bone("neck", "mid_hip", 0.46),
    Bone("neck", "head", 0.35),
    *_limbs("right"),
    *_limbs("left"),
)
"""The bones that carry pixels; the first is the torso."""

OTHER_SIDE: tuple[int, ...] = (0, 1, 6, 7, 8, 9, 2, 3, 4, 5)
"""For each bone the number of its twin on the other side of the body; itself in the middle."""

_STARTS = [_POINTS.index(bone.start) for bone in BONES]
_ENDS = [_POINTS.index(bone.end) for bone in BONES]


class BonePlaces(NamedTuple):
    """Where the bones of some people are.

    Attributes:
        start: (B, P, 2) x, y in pixels; anything where ``known`` is false.
        end: Likewise.
        known: (B, P) whether both ends are.
    """

    start: Tensor
    end: Tensor
    known: Tensor


def place_bones(pose: Tensor) -> BonePlaces:
    """Find the bones of poses (B, 18, 3): x, y in pixels, score (0 = missing)."""
    known = known_joints(pose)
    points = pose[..., :2].where(known[..., None], 0.0)
    for names in _MIDDLES.values():
        joints = [JOINTS.index(name) for name in names]
        seen = take(known, joints).sum(1, keepdim=True)
        middle = take(points, joints).sum(1) / seen.clamp(min=1)
        points = torch.cat((points, middle[:, None]), dim=1)
        known = torch.cat((known, seen > 0), dim=1)
    starts, ends = ((take(points, rows), take(known, rows)) for rows in (_STARTS, _ENDS))
    return BonePlaces(starts[0], ends[0], starts[1] & ends[1])


def take(values: Tensor, rows: Sequence[int]) -> Tensor:
    """``values[:, rows]``, but no list is copied to the device, which would wait for it."""
    return torch.stack([values[:, row] for row in rows], dim=1)


def known_joints(pose: Tensor) -> Tensor:
    """Which joints (..., 18) of poses (..., 18, 3) are there: score above 0 and a place."""
    return (pose[..., 2] > 0) & ~pose[..., :2].isnan().any(-1)


def body_size(pose: Tensor, joints: Tensor) -> Tensor:
    """How large people are: root mean square distance of joints from their middle, 1 pixel at least.

    A torso is about as long. Two poses of a person are compared by the joints that both have.

    Args:
        pose: Poses (B, 18, 3).
        joints: Which joints count (B, 18), all of them known.

    Returns:
        (B,) in pixels.
    """
    points = pose[..., :2].where(joints[..., None], 0.0)
    count = joints.sum(1).clamp(min=1)
    away = points - points.sum(1, keepdim=True) / count[:, None, None]
    squares = (away.square().sum(-1) * joints).sum(1) / count
    return squares.clamp(min=1).sqrt()
