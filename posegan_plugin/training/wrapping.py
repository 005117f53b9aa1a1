"""Networks inside the wrappers that spread them over devices or processes."""

from __future__ import annotations

from torch import nn


def unwrap(network: nn.Module | None) -> nn.Module | None:
    """The network inside ``DataParallel`` or ``DistributedDataParallel``; others as they are."""
    return getattr(network, "module", network)
