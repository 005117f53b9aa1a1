import math
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from posegan_plugin.report.curves import MARKERS, MAX_RUNS, STYLES, Line, draw_curves, thinned

LONG = {step: 1 / step for step in range(1, 1001)}


def elements(svg, name):
    return ET.fromstring(svg).iter(f"{{http://www.w3.org/2000/svg}}{name}")


@pytest.fixture
def draw():
    """Draws a chart; as XML it needs the name space that HTML takes for granted."""

    def draw(*arguments, **options):
        svg = draw_curves(*arguments, **options)
        return svg.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)

    return draw


def test_thinned_values_are_means_of_neighbours():
    steps, values = thinned({step: float(step % 2) for step in range(480)})
    assert len(steps) == len(values) == 240
    assert np.array_equal(steps, np.arange(240) * 2 + 0.5)
    assert np.array_equal(values, np.full(240, 0.5))


def test_short_series_stay_as_they_are():
    steps, values = thinned({3: 0.5, 7: 0.25})
    assert (steps.tolist(), values.tolist()) == ([3, 7], [0.5, 0.25])
    steps, values = thinned({1: math.nan, 2: math.inf})
    assert steps.size == values.size == 0


def test_colours_are_those_of_the_page(draw):
    svg = draw([Line(LONG, 0), Line(LONG, 5)], "iteration", resumed=[100])
    for variable in ("--ink", "--grid", "--mark", "--run-0", "--run-5"):
        assert f"var({variable})" in svg
    assert "var(--run-1)" not in svg
    assert not re.search(r"#[0-9a-f]{6}\b", svg)
    assert "<style" not in svg
    assert "font-family" not in svg


def test_letters_stay_letters(draw):
    texts = [text.text for text in elements(draw([Line({1: 0.0, 9: 80.0}, 0)], "epoch"), "text")]
    assert "epoch" in texts
    assert {"0", "20", "40", "60", "80"} <= set(texts)
    percent = draw([Line({1: 0.0, 9: 80.0}, 0)], "epoch", percent=True)
    assert "80 %" in [text.text for text in elements(percent, "text")]


def test_two_charts_share_no_names(draw):
    ids = [
        {e.get("id") for e in ET.fromstring(draw([Line(LONG, 0)], "x")).iter() if e.get("id")}
        for _ in range(2)
    ]
    assert all(ids)
    assert not ids[0] & ids[1]


def test_names_that_are_used_are_there(draw):
    svg = draw([Line({1: 1.0}, run) for run in range(MAX_RUNS)], "x")
    used = set(re.findall(r"url\(#([^)]+)\)", svg)) | set(re.findall(r'href="#([^"]+)"', svg))
    ids = {e.get("id") for e in ET.fromstring(svg).iter()}
    assert used
    assert used <= ids


def test_marks_where_there_are_few_points_or_several_runs(draw):
    def marks(*lines):
        uses = elements(draw(lines, "x"), "use")
        return sum("--run-" in (use.get("style") or "") for use in uses)

    assert marks(Line({1: 1.0, 2: 2.0, 3: 3.0}, 0)) == 3
    assert marks(Line(LONG, 0)) == 0
    assert marks(Line(LONG, 0), Line(LONG, 1)) == 2 * 8


def test_line_styles(draw):
    assert len(STYLES) == 4
    lines = [Line(LONG, 0, style) for style in range(len(STYLES))]
    dashes = re.findall(r"stroke-dasharray: ([\d., ]+)", draw(lines, "x"))
    assert len(set(dashes)) == 3


def test_single_step_has_whole_ticks(draw):
    texts = {t.text for t in elements(draw([Line({6: 46.2}, 0)], "epoch"), "text")}
    assert {"5", "6", "7"} <= texts


def test_nothing_to_draw(draw):
    assert "<svg" in draw([Line({1: math.nan}, 0)], "epoch")
    assert len(MARKERS) == MAX_RUNS


def test_the_users_own_style_changes_nothing(draw):
    from matplotlib import rc_context

    plain = draw([Line({1: 1.0, 2: 2.0}, 0)], "x")
    with rc_context({"font.size": 30, "lines.linewidth": 9, "axes.facecolor": "red"}):
        styled = draw([Line({1: 1.0, 2: 2.0}, 0)], "x")
    names = re.compile(r"[mp][0-9a-f]{10}")  # of clip paths and marks, new in each chart
    assert names.sub("", styled) == names.sub("", plain)
