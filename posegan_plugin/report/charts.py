"""Which scalars share a chart, which charts share a section, and what each says in words."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from posegan_plugin.report.curves import STYLES, Line, draw_curves
from posegan_plugin.report.names import describe, format_score, in_order, is_percentage
from posegan_plugin.report.run import Run
from posegan_plugin.report.scalars import Series

_TOGETHER = (
    ("reid/R1", "reid/R5", "reid/R10", "reid/R20"),
    ("reid/mAP", "reid/mINP"),
    ("transfer/SSIM", "transfer/SSIM_shuffled", "transfer/SSIM_trivial"),
    ("transfer/R1_generated", "transfer/R1_real"),
    ("transfer/mAP_generated", "transfer/mAP_real"),
    ("transfer/PCK_generated", "transfer/PCK_real"),
)


class Chart(NamedTuple):
    """A chart.

    Attributes:
        title: What it shows.
        svg: The drawing.
        text: The drawing in words, for those who cannot see it.
        styles: Line style -> what it stands for; empty where all lines are of one kind.
    """

    title: str
    svg: str
    text: str
    styles: dict[str, str]


class Group(NamedTuple):
    """Charts under one heading.

    Attributes:
        title: The heading.
        charts: The charts.
        missing: What to say where there are none.
    """

    title: str
    charts: list[Chart]
    missing: str


def chart_groups(runs: Sequence[Run], names: Sequence[str]) -> list[Group]:
    """All curves of some runs; what several runs logged under one name shares a chart.

    Args:
        runs: The runs.
        names: A name for each.
    """
    evaluation = [run.scalars.evaluation for run in runs]
    training = [run.scalars.training for run in runs]
    resumed = [s for s in runs[0].scalars.starts if s.iteration] if len(runs) == 1 else []
    epochs = [start.epoch for start in resumed if start.epoch is not None]
    iterations = [start.iteration for start in resumed]

    def scores(title: str, belongs: Callable[[str], bool], missing: str) -> Group:
        parts = _parts([n for n in _names(evaluation) if belongs(n)])
        charts = [_chart(part, evaluation, names, "epoch", epochs) for part in parts]
        return Group(title, charts, missing)

    def losses(title: str, kind: str, missing: str) -> Group:
        found = [name for name in _names(training) if _kind(name) == kind]
        charts = [_chart((name,), training, names, "iteration", iterations) for name in found]
        return Group(title, charts, missing)

    return [
        scores("Re-ID scores", lambda n: n.startswith("reid/"), "No evaluation yet."),
        scores(
            "Generator scores",
            lambda n: n.startswith("transfer/"),
            "None: not evaluated yet, or the run trains no generator with mmengine.",
        ),
        scores("Other scores", lambda n: n.split("/")[0] not in ("reid", "transfer"), ""),
        losses("Losses", "loss", "No losses were logged yet."),
        losses("Accuracy and spread", "accuracy", "None were logged yet."),
        losses("Learning rates", "rate", "None were logged yet."),
        losses("Time and other", "other", ""),
    ]


def cmc_chart(runs: Sequence[Run], names: Sequence[str]) -> Chart | None:
    """The newest CMC of each run; None where no run has one.

    Args:
        runs: The runs.
        names: A name for each.
    """
    if not any(run.cmc for run in runs):
        return None
    scalars = [{"reid/CMC": run.cmc} if run.cmc else {} for run in runs]
    chart = _chart(("reid/CMC",), scalars, names, "rank", ())
    return chart._replace(title="CMC of the last evaluation")


def _kind(name: str) -> str:
    """The section of a scalar of the training."""
    last = name.split(".")[-1].split("/")[-1]
    if "loss" in last:
        return "loss"
    if "acc" in last or "spread" in last:
        return "accuracy"
    return "rate" if last == "lr" else "other"


def _names(scalars: Sequence[dict[str, Series]]) -> list[str]:
    """All names, each once."""
    return in_order(name for found in scalars for name in found)


def _parts(names: Sequence[str]) -> list[tuple[str, ...]]:
    """Names that share a chart."""
    shared = {name: part for part in _TOGETHER for name in part}
    parts = [tuple(n for n in shared.get(name, (name,)) if n in names) for name in names]
    return list(dict.fromkeys(parts))


def _chart(
    part: Sequence[str],
    scalars: Sequence[dict[str, Series]],
    runs: Sequence[str],
    x_label: str,
    resumed: Sequence[int],
) -> Chart:
    lines, words = [], []
    for number, (found, run) in enumerate(zip(scalars, runs, strict=True)):
        for style, name in enumerate(part):
            if name in found:
                lines.append(Line(found[name], number, style))
                words.append(f"{run}, {_label(name)}: {_in_words(name, found[name], x_label)}")
    title = ", ".join(_label(name) for name in part)
    styles = dict(zip(STYLES, map(_label, part), strict=False)) if len(part) > 1 else {}
    svg = draw_curves(lines, x_label, resumed, percent=all(map(is_percentage, part)))
    return Chart(title, svg, "; ".join(words), styles)


def _label(name: str) -> str:
    return describe(name).label


def _in_words(name: str, series: Series, x_label: str) -> str:
    """First and last value of a curve."""
    finite = {step: value for step, value in series.items() if math.isfinite(value)}
    if not finite:
        return "no finite value"
    ends = [(step, format_score(name, finite[step])) for step in (min(finite), max(finite))]
    (first, start), (last, end) = ends
    if first == last:
        return f"{end} at {x_label} {last}"
    return f"from {start} at {x_label} {first} to {end} at {x_label} {last}"
