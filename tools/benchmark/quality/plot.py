"""Scores against what an image costs."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from posegan_plugin.pose.files import write_atomic
from quality.table import COLUMNS, value_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SHOWN = ("SSIM", "mask_SSIM", "pose_gap", "PCK_generated", "R1_generated_elsewhere", "sharpness")


def write_plot(rows: Mapping[str, Sequence[Mapping]], title: str, path: Path) -> None:
    """One panel a score: trained rows as points with error bars over seeds, others as lines.

    Args:
        rows: Name of each row -> what its seeds' ``scores.json`` hold.
        title: Above the panels.
        path: An SVG file.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 8), layout="constrained")
    figure.suptitle(title)
    headings = {c.score: c.heading for c in COLUMNS}
    for axes, score in zip(figure.subplots(2, 3).flat, _SHOWN, strict=True):
        axes.set(xlabel="GMAC an image", ylabel=headings[score])
        axes.grid(alpha=0.3)
        if all(value_of(runs, score) is None for runs in rows.values()):
            axes.text(0.5, 0.5, "not measured", ha="center", transform=axes.transAxes)
        for number, runs in enumerate(rows.values()):
            value = value_of(runs, score)
            if value is None:
                continue
            style = {"color": f"C{number % 10}", "label": runs[0]["label"]}
            if runs[0]["seed"] is not None:
                marker = "os^Dv"[number // 10 % 5]
                axes.errorbar(runs[0]["gmac"], value.mean, value.spread or 0, fmt=marker, **style)
            else:
                axes.axhline(value.mean, linestyle="--", linewidth=1, **style)
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3, fontsize="small")
    write_svg(figure, path)


def write_svg(figure: Figure, path: Path) -> None:
    """Write a figure, whole or not at all; equal figures give equal files.

    Args:
        figure: It needs no canvas.
        path: An SVG file.
    """
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    buffer = io.BytesIO()
    FigureCanvasSVG(figure).print_svg(buffer, metadata={"Date": None})
    write_atomic(path, buffer.getvalue())
