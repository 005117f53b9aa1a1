"""Whether two checkpoints hold the same, to the last bit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor


def differing_entries(first: object, second: object, name: str = "") -> list[str]:
    """Names of all entries that two checkpoints, or parts of them, do not share bit for bit.

    Args:
        first: Tensors and plain values in dictionaries and lists, of any depth.
        second: The same of the other one.
        name: Of the part, put before the names in it.

    Returns:
        Names such as ``.state_dict.reid.embedding.weight``; one that only one of them has counts
        too, and so does another order of a dictionary. Nan equals nan.
    """
    if isinstance(first, Tensor) and isinstance(second, Tensor):
        alike = first.dtype == second.dtype and first.shape == second.shape
        return [] if alike and torch.equal(_bits(first), _bits(second)) else [name]
    if isinstance(first, Mapping) and isinstance(second, Mapping):
        found = [name] if list(first) != list(second) else []
        for key in [k for k in first if k in second]:
            found += differing_entries(first[key], second[key], f"{name}.{key}")
        return found
    if _is_list(first) and _is_list(second):
        found = [name] if len(first) != len(second) else []
        for place, (a, b) in enumerate(zip(first, second, strict=False)):
            found += differing_entries(a, b, f"{name}.{place}")
        return found
    same = type(first) is type(second) and (
        first == second or (first != first and second != second)
    )
    return [] if same else [name]


def _is_list(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _bits(tensor: Tensor) -> Tensor:
    return tensor.cpu().contiguous().reshape(-1).view(torch.uint8)
