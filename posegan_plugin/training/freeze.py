"""Use a network without training it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn


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
