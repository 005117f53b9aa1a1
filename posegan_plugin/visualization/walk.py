"""Poses in an order, and with steps between them, that look like one moving person."""

from __future__ import annotations

import numpy as np


def walk_order(keypoints: np.ndarray, start: np.ndarray) -> list[int]:
    """Order poses so that each is followed by the one most alike to it of those that are left.

    How alike two poses are is the mean distance of the joints that both have.

    Args:
        keypoints: Poses (N, 18, 3) as x, y in pixels and score.
        start: The pose (18, 3) that the first one is to be most alike to.

    Returns:
        The N rows of ``keypoints``, each once.
    """
    order: list[int] = []
    left = list(range(len(keypoints)))
    last = start
    while left:
        nearest = min(left, key=lambda row: _distance(last, keypoints[row]))
        left.remove(nearest)
        order.append(nearest)
        last = keypoints[nearest]
    return order


def walk_between(keypoints: np.ndarray, steps: int) -> np.ndarray:
    """Move evenly from each pose to the next, and from the last back to the first.

    A joint that one of two poses lacks is missing between them.

    Args:
        keypoints: Poses (N, 18, 3) as x, y in pixels and score.
        steps: Poses for each one given, itself included; 1 gives the poses themselves.

    Returns:
        (N * steps, 18, 3); every pose given stands at a multiple of ``steps``.
    """
    following = np.roll(keypoints, -1, axis=0)
    both = (keypoints[..., 2] > 0) & (following[..., 2] > 0)
    share = np.arange(steps).reshape(1, -1, 1, 1) / steps
    moved = (1 - share) * keypoints[:, None] + share * following[:, None]
    moved[:, 1:, :, 2] *= both[:, None]
    return moved.reshape(-1, *keypoints.shape[1:]).astype(keypoints.dtype)


def _distance(a: np.ndarray, b: np.ndarray) -> float:
    both = (a[:, 2] > 0) & (b[:, 2] > 0)
    if not both.any():
        return float("inf")
    return float(np.linalg.norm(a[both, :2] - b[both, :2], axis=1).mean())
