"""The state of every random number generator that a training draws from, as plain values."""

from __future__ import annotations

import random

import numpy as np
import torch


def random_state() -> dict[str, object]:
    """State of Python's, NumPy's and torch's generators of this process, all CUDA devices included.

    Returns:
        Tensors and plain values, which a checkpoint can hold.
    """
    version, numbers, gauss = random.getstate()
    name, keys, position, has_gauss, cached = np.random.get_state()
    return {
        "python": [version, list(numbers), gauss],
        "numpy": [name, torch.from_numpy(keys.astype(np.int64)), position, has_gauss, cached],
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
    }


def restore_random_state(state: dict[str, object]) -> None:
    """Bring the generators back to a state of :func:`random_state`.

    Args:
        state: The state, on whatever device a checkpoint was loaded to; those of CUDA devices that
            are not there are left out.
    """
    version, numbers, gauss = state["python"]
    random.setstate((version, tuple(numbers), gauss))
    name, keys, position, has_gauss, cached = state["numpy"]
    np.random.set_state((name, keys.cpu().numpy().astype(np.uint32), position, has_gauss, cached))
    torch.set_rng_state(state["torch"].cpu())
    if torch.cuda.is_available():
        for device, cuda_state in enumerate(state["cuda"][: torch.cuda.device_count()]):
            torch.cuda.set_rng_state(cuda_state.cpu(), device)
