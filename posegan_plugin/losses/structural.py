"""A structural loss: what SSIM finds missing. Not in the paper."""

from __future__ import annotations

from torch import Tensor

from posegan_plugin.losses._numerics import autocast_off
from posegan_plugin.ssim import ssim_map


def structural_loss(generated: Tensor, target: Tensor) -> Tensor:
    """One minus SSIM (Zhao et al., *Loss Functions for Image Restoration with Neural Networks*, 2017).

    An absolute error is smallest for the median of all images that could be meant, which is fog;
    SSIM also wants local contrast.

    Args:
        generated: (B, C, H, W) in [-1, 1], at least 11 pixels high and wide, any floating type.
        target: The same shape and range.

    Returns:
        A scalar from 0 (equal images) to 2, float32.

    Raises:
        ValueError: An image is smaller than SSIM's window.
    """
    with autocast_off(generated):
        return 1 - ssim_map(generated.float() + 1, target.float() + 1).mean()
