"""Numbers out of files that anything may stand in."""

from __future__ import annotations

import numpy as np


def to_floats(values: object) -> np.ndarray:
    """A list of finite numbers as an array.

    Args:
        values: What a JSON reader returned.

    Returns:
        float32 (N,).

    Raises:
        ValueError: It is no list of numbers, or a number is not finite as a float32; the message is
            the rest of a sentence about the list.
    """
    # `type`, not `isinstance`: true and false are integers to Python.
    if not isinstance(values, list) or not {type(value) for value in values} <= {int, float}:
        raise ValueError("is not a list of numbers")
    try:
        with np.errstate(over="ignore"):
            floats = np.array(values, dtype=np.float32)
    except OverflowError:  # an integer of hundreds of digits
        floats = np.array([np.inf], dtype=np.float32)
    if not np.isfinite(floats).all():
        raise ValueError("has a number that is not finite")
    return floats
