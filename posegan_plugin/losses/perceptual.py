"""A perceptual loss: synthesised and true image shall look alike to a network. Not in the paper."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from posegan_plugin.errors import UserError
from posegan_plugin.losses._numerics import full_precision


def perceptual_loss(generated: Sequence[Tensor], target: Sequence[Tensor]) -> Tensor:
    """Mean absolute difference of feature maps, each layer relative to its own size.

    After Johnson et al., *Perceptual Losses for Real-Time Style Transfer* (2016). Unlike equation 10
    it compares with the true target, place by place, so a stripe has to be where it is.

    Args:
        generated: Maps of the synthesised images, one (B, C, h, w) a layer, any floating type.
        target: Those of the true targets; constants.

    Returns:
        A scalar, at least 0, in float32 (float64 stays): 1 where the maps differ by as much as the
        target's are large.

    Raises:
        UserError: There is no layer.
    """
    if not generated:
        raise UserError("The perceptual loss has no layer to compare: name some of the encoder's.")
    losses = []
    for drawn, real in zip(generated, target, strict=True):
        drawn, real = full_precision(drawn), full_precision(real.detach())
        losses.append((drawn - real).abs().mean() / real.abs().mean().clamp(min=1e-6))
    return torch.stack(losses).mean()
