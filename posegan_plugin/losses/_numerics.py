"""Numerical guards that every loss shares: full precision and gradient-safe zeros."""

from __future__ import annotations

import torch
from torch import Tensor


def full_precision(tensor: Tensor) -> Tensor:
    """Return ``tensor`` as float32; float64 stays float64.

    Losses subtract nearly equal numbers and sum over many elements, which float16 and bfloat16
    cannot do, so mixed precision ends where a loss begins. Autocast leaves elementwise arithmetic
    on float32 alone; a loss that multiplies matrices needs ``autocast_off`` as well.
    """
    return tensor if tensor.dtype == torch.float64 else tensor.float()


def autocast_off(tensor: Tensor) -> torch.autocast:
    """Return a context in which autocast does not touch operations on ``tensor``'s device."""
    return torch.autocast(tensor.device.type, enabled=False)


def zero_with_gradient(tensor: Tensor) -> Tensor:
    """Return a scalar zero whose gradient with respect to ``tensor`` exists and is zero.

    A constant zero would break ``backward`` on a batch that has nothing to learn from, and in
    distributed training leave a parameter without its gradient on one rank only.
    """
    # The sum of a large float16 tensor is inf, and inf * 0 is nan.
    return full_precision(tensor).sum() * 0
