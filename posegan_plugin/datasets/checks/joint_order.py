"""Key points whose joints stand in another order than OpenPose's 18.

One person proves little (people bend, turn and are seen from behind), so every statement is about
the majority of those who can be judged.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from posegan_plugin.datasets.checks.coordinates import with_right_axes
from posegan_plugin.datasets.checks.finding import ERROR, Finding, found
from posegan_plugin.datasets.checks.inventory import Inventory, PosedPeople
from posegan_plugin.pose import JOINTS

_MIN_PEOPLE = 20
_MAX_NECK = 0.05
_MAX_UPSIDE_DOWN = 0.3
_MIN_SWAPPED = 0.75  # pose estimators that see a face on every back come close to one half
_MIN_APART = 0.05

_NECK, _NOSE = JOINTS.index("neck"), JOINTS.index("nose")
_FROM_HEAD_TO_FEET = tuple(
    [i for i, name in enumerate(JOINTS) if name.endswith(parts)]
    for parts in (("nose", "eye", "ear"), "shoulder", "hip", "knee", "ankle")
)


def check_joint_order(inventory: Inventory) -> Iterator[Finding]:
    """Another skeleton's order; left and right swapped in whole people or in parts of them."""
    posed = with_right_axes(inventory.posed)
    if order_is_foreign(posed):
        yield from found(
            ERROR,
            "wrong joint order",
            [posed.paths[i] for i in np.flatnonzero(posed.there.any(axis=1))],
            "heads, hips and feet are not one above the other, or the neck is not between the "
            "shoulders: write the key points in OpenPose's order of 18 (see "
            "posegan_plugin.pose.to_openpose18)",
        )
        return
    for part in ("hip", "eye", "ear"):
        yield from _mixed(posed, part)
    yield from found(
        ERROR,
        "left and right swapped",
        _swapped_faces(posed),
        "most people who show their face have their right shoulder on the wrong side: 'right' is the "
        "person's own right; exchange left and right joints, or let --fix do it",
    )


def sides_swapped(posed: PosedPeople) -> bool:
    """Whether left and right are exchanged in most people, all joints alike."""
    return bool(_swapped_faces(posed)) and not any(
        list(_mixed(posed, part)) for part in ("hip", "eye", "ear")
    )


def order_is_foreign(posed: PosedPeople) -> bool:
    """Whether the joints cannot be those that their numbers say."""
    height = _heights(posed)
    levels = [_mean_y(posed, joints) for joints in _FROM_HEAD_TO_FEET]
    steps = np.diff(np.array(levels), axis=0)  # (4, N), NaN where a level is missing
    known = ~np.isnan(steps).all(axis=0)
    upside_down = (steps < 0).any(axis=0)
    wrong_levels = known.sum() >= _MIN_PEOPLE and upside_down[known].mean() > _MAX_UPSIDE_DOWN
    right, left = _pair(posed, "shoulder")
    middle = (right + left) / 2
    off = np.hypot(*(_points(posed, _NECK) - middle).T) / height
    off = off[~np.isnan(off)]
    return bool(wrong_levels or (len(off) >= _MIN_PEOPLE and np.median(off) > _MAX_NECK))


def _swapped_faces(posed: PosedPeople) -> list[str]:
    """People seen from the front with the right shoulder to the right, if they are the majority."""
    side = _side(posed, "shoulder")
    face = posed.there[:, _NOSE] & ~np.isnan(_pair(posed, "eye")).any(axis=(0, 2))
    front = face & (side != 0)
    swapped = front & (side < 0)
    if front.sum() < _MIN_PEOPLE or swapped.sum() < _MIN_SWAPPED * front.sum():
        return []
    return [posed.paths[i] for i in np.flatnonzero(swapped)]


def _mixed(posed: PosedPeople, part: str) -> Iterator[Finding]:
    """The finding that shoulders and another pair are swapped against each other."""
    product = _side(posed, "shoulder") * _side(posed, part)
    against = product < 0
    if (product != 0).sum() >= _MIN_PEOPLE and against.sum() > (product != 0).sum() / 2:
        yield from found(
            ERROR,
            f"{part}s swapped against shoulders",
            [posed.paths[i] for i in np.flatnonzero(against)],
            f"right and left {part} are exchanged, or right and left shoulder: correct the joint order "
            "of the key point file",
        )


def _side(posed: PosedPeople, part: str) -> np.ndarray:
    """Which way a pair stands (N,): 1 as seen from the front, -1 from behind, 0 if it is not clear."""
    right, left = _pair(posed, part)
    apart = (left - right)[:, 0]
    least = _MIN_APART * _heights(posed) * (1 if part in ("shoulder", "hip") else 0)
    return np.where(np.abs(apart) > least, np.sign(apart), 0)


def _pair(posed: PosedPeople, part: str) -> np.ndarray:
    """Right and left joint of a pair (2, N, 2), NaN where missing."""
    return np.stack([_points(posed, JOINTS.index(f"{side}_{part}")) for side in ("right", "left")])


def _points(posed: PosedPeople, joint: int) -> np.ndarray:
    """x, y of a joint (N, 2), NaN where missing."""
    return np.where(posed.there[:, joint, None], posed.keypoints[:, joint, :2], np.nan)


def _mean_y(posed: PosedPeople, joints: list[int]) -> np.ndarray:
    """Mean height of those joints that are there (N,), NaN where none is."""
    there = posed.there[:, joints]
    total = np.where(there, posed.keypoints[:, joints, 1], 0).sum(axis=1)
    return np.where(there.any(axis=1), total / np.maximum(there.sum(axis=1), 1), np.nan)


def _heights(posed: PosedPeople) -> np.ndarray:
    """How far each person's joints reach from top to bottom (N,), at least 1 pixel."""
    y = posed.keypoints[..., 1]
    top = np.where(posed.there, y, np.inf).min(axis=1, initial=np.inf)
    bottom = np.where(posed.there, y, -np.inf).max(axis=1, initial=-np.inf)
    return np.maximum(bottom - top, 1)
