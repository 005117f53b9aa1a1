"""PCK: how often a detector finds a joint where it is.

PCKh, the usual variant, measures in head sizes; re-ID key points have no head segment, so the unit
here is the height of the image, which a person of a re-ID crop fills.
"""

from __future__ import annotations

import torch
from torch import Tensor


def pck(predicted: Tensor, target: Tensor, image_height: float, fraction: float = 0.1) -> Tensor:
    """Share of correct key points of each joint.

    A joint counts if it is there in the target (score above 0). It is correct if it was found
    (score above 0) at most ``fraction * image_height`` pixels (Euclidean) from its place; one that
    the detector misses is wrong. What is found where the target has nothing counts for nothing.

    Args:
        predicted: Key points (N, 18, 3) of the detector: x, y in pixels, score.
        target: True key points (N, 18, 3) in pixels of the same images.
        image_height: Height of the images in pixels.
        fraction: Distance that is still correct, as a share of the height.

    Returns:
        Shares (18,) in [0, 1]; NaN for a joint that no target has.

    Raises:
        ValueError: The two are not of the same shape.
    """
    correct, counted = _correct(predicted, target, image_height * fraction)
    return correct.sum(dim=0) / counted.sum(dim=0)


def mean_pck(
    predicted: Tensor, target: Tensor, image_height: float, fraction: float = 0.1
) -> float:
    """Share of correct key points over all joints of all people, see :func:`pck`.

    Every joint of a target counts once: a joint that is rarely there weighs less than in the mean
    of :func:`pck`. NaN where no target has any joint.
    """
    correct, counted = _correct(predicted, target, image_height * fraction)
    return (correct.sum() / counted.sum()).item()


def _correct(predicted: Tensor, target: Tensor, tolerance: float) -> tuple[Tensor, Tensor]:
    """Booleans (N, 18): which joints are correct, and which count at all."""
    if predicted.shape != target.shape:
        raise ValueError(
            f"key points of shapes {tuple(predicted.shape)} and {tuple(target.shape)} cannot be "
            "compared: they must be of the same people"
        )
    distance = torch.linalg.vector_norm(predicted[..., :2] - target[..., :2], dim=-1)
    counted = target[..., 2] > 0
    return counted & (predicted[..., 2] > 0) & (distance <= tolerance), counted
