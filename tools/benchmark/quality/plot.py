"""The scores of all rows side by side."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from posegan_plugin.pose.files import write_atomic
from quality.table import COLUMNS, real_value, value_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SHOWN = ("SSIM", "mask_SSIM", "pose_gap", "PCK_generated", "R1_generated_elsewhere", "sharpness")


def write_plot(rows: Mapping[str, Sequence[Mapping]], title: str, path: Path) -> None:
    """One panel a score, one line a row: trained rows as points with error bars over seeds.

    Answers that need no training are hollow; a dashed line is what the true target gets.

    Args:
        rows: Name of each row -> what its seeds' ``scores.json`` hold.
        title: Above the panels.
        path: An SVG file.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(14, 3 + 0.4 * len(rows)), layout="constrained")
    figure.suptitle(title)
    columns = {c.score: c for c in COLUMNS}
    last = next(reversed(rows.values()))[:1]  # the true target is the same for every row and seed
    for axes, score in zip(figure.subplots(2, 3, sharey=True).flat, _SHOWN, strict=True):
        column = columns[score]
        axes.set(xlabel=column.heading)
        axes.grid(alpha=0.3)
        axes.set_yticks(range(len(rows)), [runs[0]["label"] for runs in rows.values()])
        if all(value_of(runs, score) is None for runs in rows.values()):
            axes.text(0.5, 0.5, "not measured", ha="center", transform=axes.transAxes)
        for place, runs in enumerate(rows.values()):
            value = value_of(runs, score)
            if value is None:
                continue
            style = {"color": "C0"} if runs[0]["seed"] is not None else {"mfc": "none", "mec": "C7"}
            axes.errorbar(value.mean, place, xerr=value.spread or 0, fmt="o", **style)
        real = real_value(last, column)
        if real is not None:
            axes.axvline(real, linestyle="--", linewidth=1, color="C1")
    figure.axes[0].invert_yaxis()  # shared: the order of the table
    write_svg(figure, path)


def write_svg(figure: Figure, path: Path) -> None:
    """Write a figure, whole or not at all; equal figures give equal files.

    Args:
        figure: It needs no canvas.
        path: An SVG file.
    """
    from matplotlib import rc_context
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    buffer = io.BytesIO()
    with rc_context({"svg.hashsalt": "posegan_plugin"}):  # ids of clip paths are random otherwise
        FigureCanvasSVG(figure).print_svg(buffer, metadata={"Date": None})
    write_atomic(path, buffer.getvalue())
