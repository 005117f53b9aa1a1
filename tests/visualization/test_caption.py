import numpy as np
import pytest

from posegan_plugin.visualization.caption import captioned, draw_caption, fit_caption, text_width

TITLES = ["a", "condition image", "condition with skeleton", "x" * 60, "one " * 40, "", "P_t → É"]


@pytest.mark.parametrize("width", [64, 96, 128, 300])
@pytest.mark.parametrize("title", TITLES)
def test_always_fits(title, width):
    lines, size = fit_caption(title, width)
    assert 1 <= len(lines) <= 2
    assert all(text_width(line, size) <= width for line in lines)


def test_one_line_where_there_is_room():
    assert fit_caption("condition image", 400) == (["condition image"], 0.5)


def test_two_lines_before_smaller_letters():
    lines, size = fit_caption("condition image", text_width("condition image") - 1)
    assert lines == ["condition", "image"]
    assert size == 0.5


def test_smaller_letters_before_a_cut():
    lines, size = fit_caption("condition image", text_width("condition") - 1)
    assert lines == ["condition", "image"]
    assert 0.3 < size < 0.5


def test_what_is_cut_says_so():
    lines, _ = fit_caption("x" * 60, 64)
    assert lines[0] + lines[1].removesuffix("..") == "x" * (len(lines[0] + lines[1]) - 2)
    assert lines[1].endswith("..")


def test_letters_that_cannot_be_drawn():
    assert fit_caption("P → É", 400)[0] == ["P ? ?"]


@pytest.mark.parametrize("title", ["condition image", "x" * 60, "gjpqy " * 8])
def test_draws_inside_the_box_only(title):
    canvas = np.full((80, 200, 3), 255, dtype=np.uint8)
    draw_caption(canvas, title, (30, 20, 128, 34))
    box = canvas[20:54, 30:158].copy()
    assert box.min() < 100
    canvas[20:54, 30:158] = 255
    assert canvas.min() == 255


def test_no_text_draws_nothing():
    canvas = np.full((80, 200, 3), 255, dtype=np.uint8)
    draw_caption(canvas, "", (30, 20, 128, 34))
    assert canvas.min() == 255


def test_a_caption_below_a_picture():
    picture = np.full((40, 96, 3), 90, dtype=np.uint8)
    result = captioned(picture, "0002_c1s1_000451_03 14/18 joints")
    assert result.shape == (40 + 34, 96, 3)
    np.testing.assert_array_equal(result[:40], picture)
    assert (result[40:] < 100).any()
    assert (captioned(picture, "")[40:] == 255).all()
