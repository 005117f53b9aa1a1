import numpy as np
import pytest
import torch

from posegan_plugin.errors import UserError
from posegan_plugin.visualization.figures import ranked_figure
from posegan_plugin.visualization.ranked_list import RIGHT, WRONG


@pytest.fixture
def searched(people):
    """Rows 0 to 2 are queries; the red of a picture is its descriptor, ten times the row."""
    people.pids = np.array([0, 1, 9, 0, 1, 0, 1, 2])
    people.camids = np.array([0, 0, 0, 1, 1, 0, 1, 1])
    return people


def red(images):
    return (images[:, 0].mean(dim=(1, 2))[:, None] + 1) * 127.5


def frames(picture, people, box):
    """Colour of the frame around each gallery row that is shown, in the order of its place."""
    shown = {}
    for row in range(3, 8):
        if (picture == people.colour(row)).all(axis=2).any():
            place = box(picture, people.colour(row))
            middle = place.top + place.height // 2
            shown[row] = tuple(int(v) for v in picture[middle, place.left - 1])
    return shown


def test_right_is_green_and_wrong_is_red(searched, box):
    picture = ranked_figure({"r": red}, searched, 3, queries=1, top=4, wrong_first=True)
    # Query 1 (value 10): 3 is person 0 and comes before 4. Query 0: 3 is its first already.
    assert frames(picture, searched, box) == {3: WRONG, 4: RIGHT, 5: WRONG, 6: RIGHT}
    place = box(picture, searched.colour(1))
    assert box(picture, searched.colour(3)).left > place.left


def test_queries_without_match_are_left_out(searched, box):
    picture = ranked_figure({"r": red}, searched, 3, queries=9, top=1)
    assert box(picture, searched.colour(0)).top < box(picture, searched.colour(1)).top
    assert not (picture == searched.colour(2)).all(axis=2).any()  # nobody is person 9


def test_own_camera_is_left_out(searched, box):
    picture = ranked_figure({"r": red}, searched, 3, queries=9, top=99)
    assert box(picture, searched.colour(4)).height > 2 * 192  # in both lists
    only = box(picture, searched.colour(5))  # person 0 by camera 0, as query 0
    assert only.height == 192
    assert only.top == box(picture, searched.colour(1)).top


def test_wrong_first_orders_by_the_first_right(searched, box):
    picture = ranked_figure({"r": red}, searched, 3, queries=2, top=1, wrong_first=True)
    assert box(picture, searched.colour(1)).top < box(picture, searched.colour(0)).top


def test_a_row_of_each_network(searched, box):
    describers = {"one": red, "other": lambda images: -red(images).sqrt()}
    picture = ranked_figure(describers, searched, 3, queries=1, top=1, wrong_first=True)
    assert box(picture, searched.colour(1)).height > 2 * 192


def test_the_seed_chooses(searched):
    pictures = [ranked_figure({"r": red}, searched, 3, 1, 2, seed=seed) for seed in (0, 0, 1, 2, 3)]
    assert np.array_equal(pictures[0], pictures[1])
    assert any(not np.array_equal(pictures[0], other) for other in pictures[2:])


def test_nobody_can_be_found(searched):
    searched.pids[:3] = 77
    with pytest.raises(UserError, match="no query has a true match"):
        ranked_figure({"r": red}, searched, 3)


def test_descriptors_that_are_no_numbers(searched):
    with pytest.raises(UserError, match="nan"):
        ranked_figure({"r": lambda images: torch.full((len(images), 2), torch.nan)}, searched, 3)
