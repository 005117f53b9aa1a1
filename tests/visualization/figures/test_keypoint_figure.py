import numpy as np

from posegan_plugin.visualization import skeleton_colours
from posegan_plugin.visualization.figures import keypoint_figure


def shown(picture, people):
    return [row for row in range(len(people)) if (picture == people.colour(row)).all(axis=2).any()]


def test_worst_first(people, box):
    people.keypoints[6, :, 2] = 0
    picture = keypoint_figure(people, count=3, columns=2, worst_first=True)
    assert shown(picture, people) == [0, 1, 6]
    worst, next_one, last = (box(picture, people.colour(row)) for row in (6, 0, 1))
    assert worst.height == 32  # no joint hides a part of it
    assert worst.top <= next_one.top
    assert worst.left < next_one.left
    assert last.top > worst.top + 32


def test_joints_are_drawn(people, box):
    people.keypoints[0] = 0
    people.keypoints[0, 5] = people.keypoints.new_tensor([8, 16, 1])
    picture = keypoint_figure(people, count=1, worst_first=True)
    place = box(picture, people.colour(0))
    colour = skeleton_colours()["left arm"]
    assert tuple(picture[place.top + 16, place.left + 8]) == colour


def test_random_ones_by_seed(people):
    pictures = [keypoint_figure(people, 2, seed=seed) for seed in (0, 0, 1, 2, 3)]
    assert len(shown(pictures[0], people)) == 2
    assert np.array_equal(pictures[0], pictures[1])
    assert len({tuple(shown(picture, people)) for picture in pictures}) > 1


def test_fewer_than_asked_for(people):
    assert shown(keypoint_figure(people, 99, 3), people) == list(range(8))


def test_legend(people):
    picture = keypoint_figure(people, 8, 8)
    below = picture[6 + 32 + 34 + 6 :]  # a row of images with captions
    for colour in skeleton_colours().values():
        assert (below == colour).all(axis=2).sum() == 12 * 18
