"""What rankings are given: brought to numpy, checked, cut into chunks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from posegan_plugin.errors import UserError

Array = np.ndarray | Tensor
Ids = Array | Sequence[int]


def slices(length: int, chunk: int) -> Iterator[slice]:
    """Rows 0 .. ``length`` - 1, ``chunk`` at a time.

    Raises:
        UserError: if the chunk is not positive.
    """
    if chunk < 1:
        raise UserError(f"The evaluation's chunk is {chunk}; set it to 1 or more.")
    return (slice(start, start + chunk) for start in range(0, length, chunk))


def to_numpy(values: Ids) -> np.ndarray:
    """An array on the CPU."""
    if isinstance(values, Tensor):
        values = values.detach().cpu()
        # numpy has no bfloat16.
        return (values.float() if values.dtype == torch.bfloat16 else values).numpy()
    return np.asarray(values)


def refuse_nan(found: bool) -> None:
    """Raise a UserError if a distance is nan, which has no place in a ranking."""
    if found:
        raise UserError(
            "Some distances to the gallery are nan: the network's features are no longer numbers; "
            "the training has probably diverged, so try a smaller learning rate."
        )


def checked_ids(shape: tuple[int, int], ids: Sequence[Ids]) -> list[np.ndarray]:
    """Pids and camids of Q queries and G gallery images.

    Args:
        shape: Q and G.
        ids: q_pids, g_pids, q_camids, g_camids.

    Returns:
        The same as arrays.

    Raises:
        ValueError: if they are not (Q,), (G,), (Q,), (G,).
    """
    q_pids, g_pids, q_camids, g_camids = arrays = [to_numpy(values) for values in ids]
    if (q_pids.shape, q_camids.shape) != (shape[:1],) * 2:
        raise ValueError(
            f"{shape[0]} queries need as many pids and camids, not {len(q_pids)}, {len(q_camids)}"
        )
    if (g_pids.shape, g_camids.shape) != (shape[1:],) * 2:
        raise ValueError(
            f"{shape[1]} gallery images need as many pids and camids, "
            f"not {len(g_pids)}, {len(g_camids)}"
        )
    return arrays
