"""The map behind SSIM (Wang et al., 2004), for scores and for a loss.

Gaussian window with sigma 1.5 and 11 taps, population covariance; only windows that lie inside the
image.
"""

from __future__ import annotations

import torch
from torch import Tensor

DATA_RANGE = 2.0
"""Of images in [-1, 1]."""
BORDER = 5
"""Half of the 11-tap window."""
_SIGMA = 1.5


def ssim_map(generated: Tensor, target: Tensor) -> Tensor:
    """SSIM for each window inside the image; differentiable.

    Args:
        generated: (B, C, H, W) in [0, 2], at least 11 pixels high and wide.
        target: the same shape and range.

    Returns:
        (B, H - 10, W - 10) float32, the mean over channels.

    Raises:
        ValueError: if an image is smaller than the window.
    """
    height, width = generated.shape[-2:]
    if min(height, width) <= 2 * BORDER:
        raise ValueError(f"SSIM needs images of at least 11x11 pixels, not {(height, width)}")
    # A variance is the small difference of two large means; Apple's GPUs have no double precision.
    dtype = torch.float32 if generated.device.type == "mps" else torch.float64
    a, b = generated.to(dtype), target.to(dtype)
    rows, columns = _windows(height, a), _windows(width, a).T

    def mean(values: Tensor) -> Tensor:
        return rows @ (values @ columns)

    mean_a, mean_b = mean(a), mean(b)
    variances = mean(a * a) - mean_a**2 + mean(b * b) - mean_b**2
    covariance = mean(a * b) - mean_a * mean_b
    c1, c2 = (0.01 * DATA_RANGE) ** 2, (0.03 * DATA_RANGE) ** 2
    luminance = (2 * mean_a * mean_b + c1) / (mean_a**2 + mean_b**2 + c1)
    return (luminance * (2 * covariance + c2) / (variances + c2)).mean(dim=1).float()


def _windows(length: int, like: Tensor) -> Tensor:
    """One row a window position (length - 10, length): the Gaussian's weights, which add up to 1."""
    centres = torch.arange(BORDER, length - BORDER, device=like.device, dtype=like.dtype)
    offsets = torch.arange(length, device=like.device, dtype=like.dtype) - centres[:, None]
    weights = torch.exp(-0.5 * (offsets / _SIGMA) ** 2) * (offsets.abs() <= BORDER)
    return weights / weights.sum(dim=1, keepdim=True)
