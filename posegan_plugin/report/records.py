"""Scalars as mmengine's local back end writes them: a line of JSON each time something is logged."""

from __future__ import annotations

import json
from pathlib import Path

from posegan_plugin.report.scalars import Scalars

_COUNTERS = ("epoch", "iter", "step")
_TIMES = ("time", "data_time")


def read_records(path: Path) -> Scalars:
    """Read a ``scalars.json``, also one that is being written.

    Args:
        path: The file.

    Returns:
        Its scalars, without starts; lines that are no record are left out and noted.
    """
    found = Scalars()
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    damaged = []
    for number, line in enumerate(lines, start=1):
        record = _record(line)
        if record is None:
            damaged.append(number)
        else:
            _add(found, record)
    if damaged == [len(lines)]:
        found.notes.append(
            f"{path}: the last line is not complete and was left out; the run is writing it, or "
            "was stopped while it did."
        )
    elif damaged:
        found.notes.append(f"{path}: {len(damaged)} lines are damaged, from line {damaged[0]} on.")
    return found


def _record(line: str) -> dict | None:
    try:
        record = json.loads(line)
        return record if isinstance(record["step"], int) else None
    except (ValueError, TypeError, KeyError):
        return None


def _add(found: Scalars, record: dict) -> None:
    """Sort a record's values into curves."""
    training = "iter" in record  # evaluations have the epoch as their step, and no iteration
    if isinstance(record.get("epoch"), int):
        found.epoch = record["epoch"]
    left_out = _COUNTERS if training else _COUNTERS + _TIMES
    for name, value in record.items():
        if name not in left_out and isinstance(value, int | float):
            series = found.training if training else found.evaluation
            series.setdefault(name, {})[record["step"]] = float(value)
