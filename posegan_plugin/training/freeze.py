"""Use a network without training it, or without the statistics of the batch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm


@contextmanager
def frozen(*networks: nn.Module, evaluation: bool = False) -> Iterator[None]:
    """Gradients pass through the networks inside this block, but not into their weights.

    Args:
        *networks: The networks.
        evaluation: Also use running statistics and no dropout.
    """
    parameters = [p for n in networks for p in n.parameters() if p.requires_grad]
    modules = [m for n in networks for m in n.modules() if m.training] if evaluation else []
    for p in parameters:
        p.requires_grad_(False)
    for m in modules:
        m.training = False
    try:
        yield
    finally:
        for p in parameters:
            p.requires_grad_(True)
        for m in modules:
            m.training = True


@contextmanager
def running_statistics(network: nn.Module) -> Iterator[None]:
    """Batch norm inside this block uses its running statistics, as in evaluation.

    Args:
        network: A network that trains; for a batch of one image, which has no statistics.
    """
    norms = [m for m in network.modules() if isinstance(m, _BatchNorm) and m.training]
    for norm in norms:
        norm.training = False
    try:
        yield
    finally:
        for norm in norms:
            norm.training = True
