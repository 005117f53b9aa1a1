"""Batch statistics of real and of synthesised people kept apart."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.modules.batchnorm import _BatchNorm

from posegan_plugin.errors import UserError


@contextmanager
def own_statistics(network: nn.Module, real: int) -> Iterator[None]:
    """Let a network that trains normalise synthesised people by their own mean and deviation.

    Generated images are softer than photographs. In one batch norm with them the real people's
    statistics move, and the running ones, by which test images are normalised, are of a mixture
    that no test image comes from. Within this context the running statistics are of real people
    alone. Weights are shared.

    Args:
        network: With any batch norms.
        real: The batch's real people, which stand before the synthesised ones.

    Raises:
        UserError: The network splits its batches over several GPUs.
    """
    if isinstance(network, nn.DataParallel) and len(network.device_ids) > 1:
        raise UserError(
            "augment own_statistics=True works on one GPU with torchreid: DataParallel splits the "
            "batch; make one GPU visible, or set own_statistics=False"
        )
    norms = [module for module in network.modules() if isinstance(module, _BatchNorm)]
    for norm in norms:
        norm.forward = partial(_apart, norm, real)
    try:
        yield
    finally:
        for norm in norms:
            del norm.forward


def _apart(norm: _BatchNorm, real: int, values: Tensor) -> Tensor:
    together = type(norm).forward
    if not norm.training or len(values) - real < 2:  # one person has no deviation
        return together(norm, values)
    drawn = F.batch_norm(
        values[real:], None, None, norm.weight, norm.bias, training=True, eps=norm.eps
    )
    return torch.cat((together(norm, values[:real]), drawn))
