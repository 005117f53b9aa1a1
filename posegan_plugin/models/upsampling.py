"""Convolutions of enlarged maps, without the enlarged maps."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F


def conv_of_enlarged(x: Tensor, weight: Tensor, bias: Tensor | None, factor: int) -> Tensor:
    """A 3x3 convolution of a map that nearest neighbour interpolation has enlarged.

    Up to rounding it equals ``conv2d(interpolate(x, scale_factor=factor), weight, bias, padding=1)``.
    Where taps fall on copies of the same pixel, it adds up their weights first: 4 products instead of
    9 for a value twice as large, 2.25 for one four times as large.

    Args:
        x: (B, I, h, w).
        weight: (O, I, 3, 3).
        bias: (O,) or ``None``.
        factor: How many times as high and wide x is made; 1 is an ordinary convolution.

    Returns:
        (B, O, factor h, factor w).
    """
    if factor == 1:
        return F.conv2d(x, weight, bias, padding=1)
    # Each pixel spreads over factor x factor places and from there over 3x3: a transposed convolution.
    around = F.pad(weight.flip(2, 3), (factor - 1,) * 4)
    spread = F.avg_pool2d(
        around, factor, stride=1, divisor_override=1
    )  # sums, in weight's precision
    return F.conv_transpose2d(x, spread.transpose(0, 1), bias, stride=factor, padding=1)
