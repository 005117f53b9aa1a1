"""The table at the top: last and best value of every score, run by run."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from posegan_plugin.report.names import Score, describe, format_score, in_order
from posegan_plugin.report.run import Run


class Value(NamedTuple):
    """A value as text, and when it was reached, in words."""

    text: str
    when: str


class Row(NamedTuple):
    """One score.

    Attributes:
        score: What it is.
        values: Last and best of each run; None where a run has none.
    """

    score: Score
    values: list[tuple[Value | None, Value | None]]


def summary_rows(runs: Sequence[Run]) -> list[Row]:
    """Last and best values of all scores that any of the runs has.

    Args:
        runs: The runs.
    """
    names = in_order(name for run in runs for name in run.scalars.evaluation)
    return [Row(describe(name), [_last_and_best(run, name) for run in runs]) for name in names]


def progress(run: Run) -> str:
    """How far a run is, in words.

    Args:
        run: The run.
    """
    if not run.scalars.epoch:
        return "no training step logged yet"
    of_all = f" of {run.epochs}" if run.epochs else ""
    return f"reached epoch {run.scalars.epoch}{of_all}"


def resumes(run: Run) -> list[str]:
    """Where a run was resumed, in words.

    Args:
        run: The run.
    """
    return [
        f"after epoch {start.epoch}" if start.epoch else f"after iteration {start.iteration}"
        for start in run.scalars.starts
        if start.iteration
    ]


def _last_and_best(run: Run, name: str) -> tuple[Value | None, Value | None]:
    series = run.scalars.evaluation.get(name, {})
    finite = {step: value for step, value in series.items() if math.isfinite(value)}
    if not finite:
        return None, None
    best = describe(name).best

    def value(step: int) -> Value:
        # Step 0: a test alone, with no training around it.
        return Value(format_score(name, finite[step]), f"epoch {step}" if step else "test")

    return value(max(finite)), value(best(finite, key=finite.__getitem__)) if best else None
