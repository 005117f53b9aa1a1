"""Scores against the time of training, and against the number of standard poses."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

from posegan_plugin.pose import write_atomic
from reid.table import Runs, scores_of, value_of


def write_plot(rows: Runs, equal_time: Runs, title: str, path: Path) -> None:
    """One panel each for R1, mAP and standard poses.

    Args:
        rows: Runs of equal length, filled points.
        equal_time: Runs that took equally long, hollow points.
        title: Above the panels.
        path: An SVG file.
    """
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    figure = Figure(figsize=(14, 6), layout="constrained")
    FigureCanvasSVG(figure)
    figure.suptitle(title)
    first, second, third = figure.subplots(1, 3)
    for axes, score in ((first, "R1"), (second, "mAP")):
        axes.set(xlabel="seconds of training", ylabel=f"{score}, %")
        axes.grid(alpha=0.3)
        for runs, hollow in ((rows, False), (equal_time, True)):
            for name, found in runs.items():
                value = scores_of(found, score)
                seconds = value_of([run["seconds"] for run in found]).mean
                style = _style(list(rows).index(name), hollow)
                label = None if hollow else found[0]["label"]
                axes.errorbar(seconds, value.mean, value.spread or 0, label=label, **style)
    third.set(xlabel="standard poses", ylabel="mAP, %")
    third.grid(alpha=0.3)
    for number, found in enumerate(rows.values()):
        _draw_poses(third, found[0]["poses"], number)
    handles, labels = first.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4, fontsize="small")
    buffer = io.BytesIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None})
    write_atomic(path, buffer.getvalue())


def _style(number: int, hollow: bool) -> dict[str, object]:
    marker = {"fmt": "os^Dv"[number // 10 % 5], "color": f"C{number % 10}"}
    return marker | ({"markerfacecolor": "none"} if hollow else {})


def _draw_poses(axes: object, posed: Mapping[str, Mapping], number: int) -> None:
    counts = sorted(posed, key=int)
    style = {"color": f"C{number % 10}", "marker": "os^Dv"[number // 10 % 5]}
    axes.plot([int(k) for k in counts], [posed[k]["mAP"] for k in counts], **style)
