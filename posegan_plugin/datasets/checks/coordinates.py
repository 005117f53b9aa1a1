"""Key points that cannot be in pixels of their image."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch

from posegan_plugin.datasets.checks.finding import ERROR, WARNING, Finding, found
from posegan_plugin.datasets.checks.inventory import Inventory, PosedPeople
from posegan_plugin.pose import visible

_MIN_JOINTS = 6
_MIN_PEOPLE = 5  # fewer prove nothing: anybody can bend, or be cut off
_MAX_OUTSIDE = 0.1
_MIN_REACH = 0.55


def check_coordinates(inventory: Inventory) -> Iterator[Finding]:
    """X and y swapped; joints outside the image; key points of a smaller image."""
    posed = inventory.posed
    if axes_swapped(posed):
        wide, _ = _lying(posed)
        yield from found(
            ERROR,
            "x and y swapped",
            [posed.paths[i] for i in wide],
            "most people are wider than tall: exchange the columns of the key point file (y comes "
            "before x), or let --fix do it",
        )
        return  # the others follow from it
    outside, too_many = joints_outside(posed), of_larger_images(posed)
    yield from found(
        ERROR if too_many else WARNING,
        "joints outside the image",
        [posed.paths[i] for i in np.flatnonzero(outside.any(axis=1))],
        "so many that the key points must be those of larger images: annotate the images as they lie "
        "here"
        if too_many
        else "drop these joints (--fix does), or check that the images were not cropped later",
    )
    yield from _smaller_image(posed)


def axes_swapped(posed: PosedPeople) -> bool:
    """Whether most people on upright images are wider than tall, as nobody stands."""
    wide, considered = _lying(posed)
    return considered >= _MIN_PEOPLE and 2 * len(wide) > considered


def with_right_axes(posed: PosedPeople) -> PosedPeople:
    """The same people, with x and y exchanged if they are swapped."""
    swapped = axes_swapped(posed)
    return posed._replace(keypoints=posed.keypoints[..., [1, 0, 2]]) if swapped else posed


def of_larger_images(posed: PosedPeople) -> bool:
    """Whether so many joints lie outside that the others cannot be right either."""
    outside = joints_outside(posed)
    many = len(posed.paths) >= _MIN_PEOPLE
    return bool(many and outside.sum() > _MAX_OUTSIDE * posed.there.sum())


def joints_outside(posed: PosedPeople) -> np.ndarray:
    """Booleans (N, 18): joints that are there but outside their image."""
    inside = [
        visible(torch.from_numpy(k), size).numpy()
        for k, size in zip(posed.keypoints, posed.sizes.tolist(), strict=True)
    ]
    return posed.there & ~np.array(inside, bool).reshape(posed.there.shape)


def _lying(posed: PosedPeople) -> tuple[np.ndarray, int]:
    """Rows of people who are wider than tall, and how many were looked at."""
    low, high = _box(posed)
    width, height = (high - low).T
    upright = posed.sizes[:, 0] > posed.sizes[:, 1]
    considered = upright & (posed.there.sum(axis=1) >= _MIN_JOINTS)
    return np.flatnonzero(considered & (width > height)), int(considered.sum())


def _smaller_image(posed: PosedPeople) -> Iterator[Finding]:
    many = posed.there.sum(axis=1) >= _MIN_JOINTS
    if many.sum() < _MIN_PEOPLE:
        return
    _, high = _box(posed)
    reach = high[many] / posed.sizes[many][:, ::-1]
    if (np.median(reach, axis=0) < _MIN_REACH).all():
        yield from found(
            WARNING,
            "key points of smaller images",
            [posed.paths[i] for i in np.flatnonzero(many)],
            "most people end in the upper left part of their image: annotate the images as they lie "
            "here, or check the crops",
        )


def _box(posed: PosedPeople) -> tuple[np.ndarray, np.ndarray]:
    """Least and largest x, y of each person's joints (N, 2); infinite for nobody."""
    there = posed.there[..., None]
    points = posed.keypoints[..., :2]
    low = np.where(there, points, np.inf).min(axis=1)
    return low, np.where(there, points, -np.inf).max(axis=1)
