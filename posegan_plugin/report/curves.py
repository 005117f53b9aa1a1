"""One chart as an SVG that takes its colours from the page, light or dark."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from posegan_plugin.report.scalars import Series

MAX_RUNS = 6
MARKERS = ("●", "■", "▲", "◆", "▼", "✖")
"""Marks of the runs in a chart, so that nobody has to tell them by colour alone."""
STYLES = {"solid": "", "dashed": "5 2", "dotted": "1 1.6", "dash-dotted": "6 1.6 1 1.6"}
"""Line styles of the scores that share a chart, with dashes and gaps in line widths."""

_MARKERS = ("o", "s", "^", "D", "v", "X")
_DASHES = [(0, tuple(map(float, dashes.split())) or None) for dashes in STYLES.values()]
# Colours that stand for what the page's style sheet says: matplotlib knows no variables.
_INK, _GRID, _MARK = "#010101", "#020202", "#030303"
_RUNS = tuple(f"#0400{n:02x}" for n in range(MAX_RUNS))
_VARIABLES = {_INK: "var(--ink)", _GRID: "var(--grid)", _MARK: "var(--mark)"} | {
    colour: f"var(--run-{n})" for n, colour in enumerate(_RUNS)
}
_MAX_POINTS = 240
_MAX_MARKED = 30
_TICKS = (1, 2, 5, 10)
_STYLE = {
    "svg.fonttype": "none",  # letters stay letters: to be searched, read aloud and scaled
    "font.size": 10,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "axes.edgecolor": _GRID,
    "axes.labelcolor": _INK,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "grid.color": _GRID,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


class Line(NamedTuple):
    """A line of a chart.

    Attributes:
        series: Step -> value; values that are not finite are left out.
        run: Number of the run, which gives colour and marks.
        style: Place in :data:`STYLES`.
    """

    series: Series
    run: int
    style: int = 0


def draw_curves(
    lines: Sequence[Line], x_label: str, resumed: Iterable[int] = (), percent: bool = False
) -> str:
    """Draw a chart of 4.4 x 2.6 inches, to be scaled by the page.

    Args:
        lines: What is drawn; of more than 240 points each is the mean of its neighbours.
        x_label: What the steps are.
        resumed: Steps after which the training was resumed: vertical lines.
        percent: Whether the values are percentages.

    Returns:
        The ``<svg>`` element, hidden from screen readers. Its colours are the style sheet's
        ``--ink``, ``--grid``, ``--mark`` and ``--run-0`` to ``--run-5``.
    """
    from matplotlib import style
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure
    from matplotlib.ticker import EngFormatter, MaxNLocator, StrMethodFormatter

    several = len({line.run for line in lines}) > 1
    with style.context(["default", _STYLE]):  # whatever the user's own matplotlibrc says
        figure = Figure(figsize=(4.4, 2.6), layout="constrained")
        axes = figure.add_subplot()
        for step in resumed:
            axes.axvline(step, color=_MARK, linewidth=1, linestyle=_DASHES[2])
        for line in lines:
            steps, values = thinned(line.series)
            few = len(steps) <= _MAX_MARKED
            axes.plot(
                steps,
                values,
                color=_RUNS[line.run],
                linestyle=_DASHES[line.style],
                linewidth=1.6,
                # A single run needs no marks to be told from others, but a few points to be seen.
                marker=_MARKERS[line.run] if few or several else None,
                markersize=4,
                markevery=1 if few else len(steps) // 8,
            )
        axes.set_xlabel(x_label)
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=True, steps=_TICKS))
        axes.xaxis.set_major_formatter(EngFormatter(sep=""))
        axes.yaxis.set_major_locator(MaxNLocator(5, steps=_TICKS))
        if percent:
            axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g} %"))
        first, last = axes.get_xlim()
        if last - first < 1:  # a single step; ticks between steps would say nothing
            axes.set_xlim(round(first) - 1, round(first) + 1)
        axes.grid(linewidth=0.6)
        axes.tick_params(length=0)
        file = io.StringIO()
        no_metadata = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        FigureCanvasSVG(figure).print_svg(file, metadata=no_metadata)
    return _for_page(file.getvalue())


def thinned(series: Series) -> tuple[np.ndarray, np.ndarray]:
    """Steps and values, at most 240 of each; beyond that they are means of equally many neighbours.

    Args:
        series: Step -> value, in the order of the steps.
    """
    finite = {step: value for step, value in series.items() if math.isfinite(value)}
    points = np.array([list(finite), list(finite.values())], dtype=float)
    if len(finite) > _MAX_POINTS:
        parts = np.array_split(points, _MAX_POINTS, axis=1)
        points = np.stack([part.mean(axis=1) for part in parts], axis=1)
    return points[0], points[1]


def _for_page(svg: str) -> str:
    """The element alone, with the page's colours and no names that could occur twice on a page."""
    # Its style sheet would hold for the whole page; letters are to be the page's.
    svg = re.sub(r"<style.*?</style>|font-family: [^;]*; ", "", svg[svg.index("<svg") :])
    used = set(re.findall(r"#([\w-]+)[\")]", svg))
    svg = re.sub(r' id="([^"]+)"', lambda m: m[0] if m[1] in used else "", svg)
    for colour, variable in _VARIABLES.items():
        svg = svg.replace(colour, variable)
    return re.sub(
        r'^<svg [^>]*viewBox="([^"]+)"[^>]*>',
        r'<svg viewBox="\1" xmlns:xlink="http://www.w3.org/1999/xlink" aria-hidden="true">',
        svg,
    )
