"""Which joints of an estimator are sure enough to be used."""

from __future__ import annotations

import math

import numpy as np

from posegan_plugin.errors import UserError


def check_threshold(threshold: float) -> None:
    """Refuse what no score can be compared with.

    Raises:
        UserError: The threshold is negative or not finite.
    """
    if not (math.isfinite(threshold) and threshold >= 0):
        raise UserError(f"threshold {threshold} is no score; give a number from 0")


def drop_unsure(keypoints: np.ndarray, threshold: float) -> np.ndarray:
    """Make joints missing whose score is too low.

    Args:
        keypoints: Key points (..., K, 3) as x, y in pixels and score; estimators score as they like,
            some beyond 1.
        threshold: The lowest score that counts; a score of 0 or less never does.

    Returns:
        Key points (..., K, 3), float32, scores in [0, 1]; missing joints have x = y = score = 0.
    """
    keypoints = np.asarray(keypoints, dtype=np.float32)
    score = keypoints[..., 2:]
    sure = np.where((score >= threshold) & (score > 0), keypoints, np.float32(0))
    sure[..., 2] = np.minimum(sure[..., 2], 1)
    return sure
