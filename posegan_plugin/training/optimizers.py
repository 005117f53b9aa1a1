"""The fastest implementation of an optimiser on a device."""

from __future__ import annotations

import inspect
from collections.abc import Mapping

from torch.optim import Optimizer

_FUSED = ("cpu", "cuda")


def with_fused(
    optimizer: type[Optimizer], options: Mapping[str, object], device: str
) -> dict[str, object]:
    """Options of an optimiser, with ``fused=True`` where it has that, unless they say otherwise.

    A fused step updates all numbers of a parameter, or on a GPU of many parameters, in one pass;
    the others make a pass for each operation. Its results differ in the last bit.

    Args:
        optimizer: The class, such as ``torch.optim.Adam``.
        options: What it is built with; ``fused`` or ``foreach`` in there is left alone.
        device: Type of the device that its parameters are on.
    """
    chosen = {"fused", "foreach", "differentiable"} & set(options)
    if chosen or device not in _FUSED or "fused" not in inspect.signature(optimizer).parameters:
        return dict(options)
    return {**options, "fused": True}
