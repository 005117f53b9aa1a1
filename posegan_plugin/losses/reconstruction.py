"""The reconstruction loss, equation 9."""

from __future__ import annotations

import torch
from torch import Tensor

from posegan_plugin.losses._numerics import full_precision


def reconstruction_loss(generated: Tensor, target: Tensor, mask: Tensor | None = None) -> Tensor:
    """Mean absolute error to the true target image (equation 9).

    A true target exists only where condition and target show the same person; for a person moved
    to somebody else's pose nobody knows the right picture, and such images are left out.

    The paper writes the L1 norm; the mean over pixels keeps the weight independent of the size of
    the image.

    Args:
        generated: (B, C, H, W) images, any floating type.
        target: (B, C, H, W) images of the same size; values in images that the mask leaves out
            are never read, nan included.
        mask: (B,) bool, true where ``target`` is the true target. None: everywhere.

    Returns:
        A scalar, at least 0, in float32 (float64 stays): the mean over the images with a target;
        zero with a gradient path if there is none.
    """
    if mask is None:
        mask = torch.ones(len(generated), dtype=torch.bool, device=generated.device)
    generated, target = full_precision(generated), full_precision(target)
    # Replaced rather than weighted by 0, since the gradient of nan * 0 is nan.
    target = torch.where(mask[:, None, None, None], target, generated.detach())
    error = (generated - target).abs().mean(dim=(1, 2, 3))
    return error.sum() / mask.sum().clamp(min=1)
