"""Joints that lie on their image, as key point files hold them."""

from __future__ import annotations

import numpy as np
import torch

from posegan_plugin.pose.transforms import drop_outside


def keep_inside(keypoints: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Make joints missing that lie outside their image.

    Args:
        keypoints: Key points float32 (18, 3).
        size: (height, width) of the image.

    Returns:
        Key points (18, 3); those on the outer half of a border pixel are moved to its centre, so that
        rounding leaves them inside.
    """
    inside = drop_outside(torch.from_numpy(keypoints), size).numpy()
    inside[inside[:, 2] == 0] = 0
    inside[:, :2] = inside[:, :2].clip(0, (size[1] - 1, size[0] - 1))
    return inside
