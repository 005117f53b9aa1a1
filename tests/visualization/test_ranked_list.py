import numpy as np
import pytest

from posegan_plugin.visualization.ranked_list import (
    QUERY,
    RIGHT,
    WRONG,
    ranked_list_picture,
)

BLUE, SKY = (0, 0, 255), (0, 200, 255)


def plain(colour, height=64, width=32):
    return np.full((height, width, 3), colour, dtype=np.uint8)


def around(picture, colour):
    """The frame pixels directly left, right and above the only area of a colour, and the bar."""
    ys, xs = np.nonzero((picture == colour).all(axis=2))
    top, bottom, left, right = ys.min(), ys.max(), xs.min(), xs.max()
    middle = (top + bottom) // 2
    sides = picture[middle, left - 1], picture[middle, right + 1], picture[top - 1, left]
    return [tuple(map(int, pixel)) for pixel in sides], picture[
        bottom + 1 : bottom + 19, left:right
    ]


@pytest.mark.parametrize(("match", "frame"), [(True, RIGHT), (False, WRONG)])
def test_frames(match, frame):
    picture = ranked_list_picture([plain(SKY)], [[plain(BLUE)]], [[match]])
    sides, bar = around(picture, BLUE)
    assert sides == [frame] * 3
    assert (bar[0] == frame).all()
    assert (bar == 255).all(axis=2).any()  # the mark
    sides, bar = around(picture, SKY)
    assert sides == [QUERY] * 3
    assert (bar == QUERY).all()  # no mark on a query


def test_marks_differ_in_shape():
    bars = [
        around(ranked_list_picture([plain(SKY)], [[plain(BLUE)]], [[match]]), BLUE)[1]
        for match in (True, False)
    ]
    tick, cross = ((bar == 255).all(axis=2) for bar in bars)
    assert (tick != cross).sum() > 10


def test_right_is_greener_and_wrong_redder():
    assert RIGHT[1] == max(RIGHT)
    assert WRONG[0] == max(WRONG)


def test_order_rows_and_lists_of_different_lengths():
    colours = [(10 * n, 0, 200) for n in range(5)]
    first, second = colours[:3], colours[3:]
    picture = ranked_list_picture(
        [plain(SKY), plain((1, 2, 3))],
        [[plain(c) for c in first], [plain(c, 128, 64) for c in second]],
        [[True, False, True], [False, True]],
        captions=["Jürgen, camera 1", "人"],
    )
    frames = [around(picture, c)[0][0] for c in colours]
    assert frames == [RIGHT, WRONG, RIGHT, WRONG, RIGHT]
    places = [np.argwhere((picture == c).all(axis=2)).min(axis=0) for c in colours]
    assert places[0][0] == places[1][0] == places[2][0] < places[3][0] == places[4][0]
    assert places[0][1] < places[1][1] < places[2][1]


def test_a_query_that_finds_nothing():
    picture = ranked_list_picture([plain(SKY), plain(BLUE)], [[], [plain((9, 9, 9))]], [[], [True]])
    assert around(picture, SKY)[0] == [QUERY] * 3


def test_legend_shows_both_colours():
    picture = ranked_list_picture([plain(SKY)], [[]], [[]])
    below = picture[np.nonzero((picture == SKY).all(axis=2))[0].max() + 19 :]
    assert (below == RIGHT).all(axis=2).any()
    assert (below == WRONG).all(axis=2).any()


@pytest.mark.parametrize(
    "arguments",
    [
        ([], [], []),
        ([plain(SKY)], [], []),
        ([plain(SKY)], [[plain(BLUE)]], [[True, False]]),
        ([plain(SKY)], [[plain(BLUE)]], [[True]], ["a", "b"]),
    ],
)
def test_what_does_not_fit(arguments):
    with pytest.raises(ValueError):
        ranked_list_picture(*arguments)
