"""Small tensors from the host to the training device, without waiting for the device."""

from __future__ import annotations

import torch
from torch import Tensor


def send(tensor: Tensor, device: torch.device) -> Tensor:
    """A tensor on a device.

    ``tensor.to("cuda")`` waits until the GPU has done all that it was given before, and the GPU then
    waits for the host: a few such copies inside a training step cost more than their bytes.

    Args:
        tensor: On the CPU, such as random numbers or indices.
        device: Where it is needed.

    Returns:
        The tensor itself where it is there already.
    """
    if device.type == "cuda" and tensor.device.type == "cpu":
        return tensor.pin_memory().to(device, non_blocking=True)
    return tensor.to(device)
