"""Scores against the time of training, and against the number of standard poses."""

from __future__ import annotations

from pathlib import Path

from quality.plot import write_svg
from quality.table import Value

from reid.scoring import MIRROR
from reid.table import Runs, posed_value, scores_of


def write_plot(rows: Runs, equal_time: Runs, title: str, path: Path) -> None:
    """One panel each for R1, mAP and standard poses.

    Args:
        rows: Runs of equal length, filled points.
        equal_time: Runs that took equally long, hollow points.
        title: Above the panels.
        path: An SVG file.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(14, 6), layout="constrained")
    figure.suptitle(f"{title}; hollow: equal time" if equal_time else title)
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
    third.set(xlabel="standard poses", ylabel="mAP, %")
    third.grid(alpha=0.3)
    third.xaxis.get_major_locator().set_params(integer=True)
    if not any(found[0]["poses"] for found in rows.values()):
        third.text(0.5, 0.5, "not measured", ha="center", transform=third.transAxes)
    for runs, hollow in ((rows, False), (equal_time, True)):
        for name, found in runs.items():
            counts = sorted((k for k in found[0]["poses"] if k != MIRROR), key=int)
            values = [posed_value(found, count, "mAP") for count in counts]
            means, spreads = [v.mean for v in values], [v.spread or 0 for v in values]
            line = {"linestyle": "--" if hollow else "-"}
            style = _style(list(rows).index(name), hollow) | line
            third.errorbar([int(k) for k in counts], means, spreads, **style)
    handles, labels = first.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4, fontsize="small")
    write_svg(figure, path)


def _style(number: int, hollow: bool) -> dict[str, object]:
    marker = {"fmt": "os^Dv"[number // 10 % 5], "color": f"C{number % 10}"}
    return marker | ({"markerfacecolor": "none"} if hollow else {})
