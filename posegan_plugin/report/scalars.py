"""The numbers of a run: losses by iteration, scores by epoch, over all its starts."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

Series = dict[int, float]
"""Step -> value, in the order of the steps."""


@dataclass(frozen=True)
class Start:
    """Where a training began or went on.

    Attributes:
        iteration: Iterations done before; 0 for a training from the beginning, None if not known.
        epoch: Epochs done before, likewise.
    """

    iteration: int | None = None
    epoch: int | None = None


@dataclass
class Scalars:
    """What one start of a training logged, or several together.

    Attributes:
        training: Name -> values by iteration, counted from 1.
        evaluation: Name -> values by epoch, the number of epochs done. Scores under ``reid/`` and
            ``transfer/R1_`` are percentages.
        starts: Where the training began, and where it went on.
        epoch: The epoch that was reached; None if not known.
        notes: What could not be read, each a sentence.
    """

    training: dict[str, Series] = field(default_factory=dict)
    evaluation: dict[str, Series] = field(default_factory=dict)
    starts: list[Start] = field(default_factory=list)
    epoch: int | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def last_evaluation(self) -> int | None:
        """The epoch of the newest evaluation; None without one."""
        return max((max(s) for s in self.evaluation.values() if s), default=None)

    def broken(self) -> list[str]:
        """One sentence for each curve with values that are not numbers."""
        sentences = []
        for name, series in {**self.training, **self.evaluation}.items():
            steps = [step for step, value in series.items() if not math.isfinite(value)]
            if steps:
                sentences.append(
                    f"{name} is not a finite number at {len(steps)} of {len(series)} logged steps, "
                    f"first at {min(steps)}; these are left out of its curve."
                )
        return sentences


def merge(attempts: Iterable[Scalars]) -> Scalars:
    """One history out of several starts, oldest first.

    A start takes the place of whatever older ones logged after the point where it went on: all of
    it, where it began anew. One that trained nothing takes no place; it may have made up for the
    validation in which the start before it was ended.

    Args:
        attempts: One :class:`Scalars` each, with one start.
    """
    merged = Scalars()
    for attempt in attempts:
        merged.notes += attempt.notes
        if not attempt.training:
            made_up = {  # not of a test alone: its epoch is 0
                name: {epoch: value for epoch, value in series.items() if epoch > 0}
                for name, series in attempt.evaluation.items()
            }
            merged.evaluation = _continued(merged.evaluation, made_up, math.inf)
            continue
        (start,) = attempt.starts or [Start()]  # another program's event file does not say
        iteration = _begin(start.iteration, attempt.training)
        epoch = 0 if iteration == 0 else _begin(start.epoch, attempt.evaluation)
        merged.training = _continued(merged.training, attempt.training, iteration)
        merged.evaluation = _continued(merged.evaluation, attempt.evaluation, epoch)
        merged.starts = [s for s in merged.starts if s.iteration < iteration]
        merged.starts.append(Start(iteration, start.epoch))
        merged.epoch = attempt.epoch
    return merged


def _begin(known: int | None, logged: dict[str, Series]) -> float:
    """The last step that still belongs to older starts."""
    if known is not None:
        return known
    return min((min(series) for series in logged.values()), default=math.inf) - 1


def _continued(old: dict[str, Series], new: dict[str, Series], start: float) -> dict[str, Series]:
    """Values up to ``start`` from the old history, the new ones behind them."""
    joined = {
        name: {
            **{step: value for step, value in old.get(name, {}).items() if step <= start},
            **new.get(name, {}),
        }
        for name in {**old, **new}
    }
    return {name: dict(sorted(series.items())) for name, series in joined.items() if series}
