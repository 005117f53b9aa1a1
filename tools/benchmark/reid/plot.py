"""Scores against the time of training, and by what a person of the test is described."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from quality.plot import write_svg
from quality.table import Value

from reid.scoring import Views
from reid.table import Runs, posed_value, scores_of


def write_plot(rows: Runs, equal_time: Runs, title: str, path: Path) -> None:
    """One panel each for R1, mAP and the tests.

    A row whose mAP is not half of the best is named and not drawn: the others would lie on each other.

    Args:
        rows: Runs of equal length, filled points.
        equal_time: Runs that took equally long, hollow points.
        title: Above the panels.
        path: An SVG file.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(14, 6), layout="constrained")
    rows, collapsed = _divided(rows)
    equal_time = {name: found for name, found in equal_time.items() if name in rows}
    notes = ["hollow: equal time"] * bool(equal_time)
    notes += [f"not drawn: {label}, mAP {score}" for label, score in collapsed.items()]
    figure.suptitle("; ".join([title, *notes]))
    first, second, third = figure.subplots(1, 3)
    for axes, score in ((first, "R1"), (second, "mAP")):
        axes.set(xlabel="seconds of training", ylabel=f"{score}, %")
        axes.grid(alpha=0.3)
        for runs, hollow in ((rows, False), (equal_time, True)):
            for name, found in runs.items():
                value = scores_of(found, score)
                seconds = Value.of([run["seconds"] for run in found]).mean
                style = _style(list(rows).index(name), hollow)
                label = None if hollow else found[0]["label"]
                axes.errorbar(seconds, value.mean, value.spread or 0, label=label, **style)
    third.set(xlabel="a person of the test is described by", ylabel="mAP, %")
    third.grid(alpha=0.3)
    drawn = (*rows.values(), *equal_time.values())
    tests = _tests([run for found in drawn for run in found])
    third.set_xticks(range(len(tests)), [t.label.replace(" and ", "\nand ") for t in tests])
    if not tests:
        third.text(0.5, 0.5, "not measured", ha="center", transform=third.transAxes)
    for runs, hollow in ((rows, False), (equal_time, True)):
        for name, found in runs.items():
            known = _tests(found)
            values = [posed_value(found, str(test), "mAP") for test in known]
            means, spreads = [v.mean for v in values], [v.spread or 0 for v in values]
            line = {"linestyle": "--" if hollow else "-"}
            style = _style(list(rows).index(name), hollow) | line
            third.errorbar([tests.index(test) for test in known], means, spreads, **style)
    handles, labels = first.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3, fontsize="small")
    write_svg(figure, path)


def _divided(rows: Runs) -> tuple[Runs, dict[str, str]]:
    """The rows that are drawn; label and mAP of those that are not."""
    scores = {name: scores_of(found, "mAP") for name, found in rows.items()}
    least = max(score.mean for score in scores.values()) / 2
    drawn = {name: found for name, found in rows.items() if scores[name].mean >= least}
    others = rows.keys() - drawn.keys()
    return drawn, {rows[name][0]["label"]: scores[name].text(1) for name in sorted(others)}


def _tests(runs: Sequence[Mapping]) -> list[Views]:
    return sorted({Views.parse(view) for run in runs for view in run["poses"]})


def _style(number: int, hollow: bool) -> dict[str, object]:
    marker = {"fmt": "os^Dv"[number // 10 % 5], "color": f"C{number % 10}"}
    return marker | ({"markerfacecolor": "none"} if hollow else {})
