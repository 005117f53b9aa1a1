"""Schedules of a config, stretched to another number of epochs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

_LEAST = {"begin": 0, "T_max": 1, "step_size": 1, "milestones": 1}
"""What a schedule counts in epochs (or iterations) besides its end, and the least it can be."""


def stretched(schedules: Mapping | Sequence, old: int, new: int) -> dict | list:
    """The same schedules for a training of another length.

    Args:
        schedules: As mmengine's ``param_scheduler``: a schedule, a list of them, or either for each
            network.
        old: The number of epochs they were made for.
        new: The number of epochs they are to be for.
    """
    if not isinstance(schedules, Mapping):
        return [_stretched(schedule, old, new) for schedule in schedules]
    if "type" in schedules:
        return _stretched(schedules, old, new)
    return {network: stretched(part, old, new) for network, part in schedules.items()}


def _stretched(schedule: Mapping, old: int, new: int) -> dict:
    found = dict(schedule)
    for key, least in _LEAST.items():
        value = found.get(key)
        if isinstance(value, Sequence):
            found[key] = [max(least, round(v * new / old)) for v in value]
        elif value is not None:
            found[key] = max(least, round(value * new / old))
    if found.get("end") is not None:
        # One that ends after the training leaves a rate above 0 to the last epoch.
        beyond = max(0, found["end"] - old) if found.get("by_epoch", True) else 0
        end = round((found["end"] - beyond) * new / old) + beyond
        found["end"] = max(found.get("begin", 0) + 1, end)
    return found
