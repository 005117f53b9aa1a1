import numpy as np

from posegan_plugin.visualization.caption import text_width
from posegan_plugin.visualization.legend import add_legend, swatch

PICTURE = np.full((20, 300, 3), 100, dtype=np.uint8)
RED, GREEN = (255, 0, 0), (0, 255, 0)


def place(picture, colour):
    found = np.argwhere((picture == colour).all(axis=2))
    return found.min(axis=0).tolist(), found.max(axis=0).tolist()


def test_side_by_side_below_the_picture():
    result = add_legend(PICTURE, [(swatch(RED), "a"), (swatch(GREEN, (6, 4)), "b")])
    np.testing.assert_array_equal(result[:20], PICTURE)
    (top, left), (bottom, right) = place(result, RED)
    assert (bottom - top + 1, right - left + 1) == (12, 18)
    assert top >= 20
    (green_top, green_left), (green_bottom, _) = place(result, GREEN)
    assert green_left > right + text_width("a")
    assert abs((green_top + green_bottom) - (top + bottom)) <= 1  # on one line, in its middle


def test_what_does_not_fit_goes_to_the_next_line():
    text = "word " * (200 // text_width("word "))  # OpenCV's versions have different fonts
    result = add_legend(PICTURE, [(swatch(RED), text), (swatch(GREEN), text)])
    assert result.shape[1] == 300
    assert place(result, GREEN)[0][0] > place(result, RED)[1][0]
    assert place(result, GREEN)[0][1] == place(result, RED)[0][1]


def test_wider_than_the_picture():
    text = "x" * 60
    result = add_legend(PICTURE, [(swatch(RED), text)])
    assert result.shape[1] > text_width(text) > 300
    assert (result[:20, 300:] == 255).all()


def test_text_outside_ascii():
    assert (add_legend(PICTURE, [(swatch(RED), "Fußgänger 人")])[20:] < 100).any()


def test_no_entries_change_nothing():
    np.testing.assert_array_equal(add_legend(PICTURE, []), PICTURE)
