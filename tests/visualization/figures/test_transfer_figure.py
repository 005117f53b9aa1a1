import numpy as np
import pytest
import torch

from posegan_plugin.evaluation.transfer_pairs import TransferPairs
from posegan_plugin.visualization.figures import pose_matrix_figure, transfer_figure

PAIRS = TransferPairs(np.array([0, 2]), np.array([5, 3]))


def test_columns_of_several_generators_stand_in_order(people, generator, box):
    generators = {"first": generator(70), "zweiter 人": generator(140)}
    picture = transfer_figure(generators, people, PAIRS)
    colours = [(0, 20, 200), (0, 70, 200), (0, 140, 200), (50, 20, 200)]
    boxes = [box(picture, colour) for colour in colours]
    assert {(b.width, b.height, b.top) for b in boxes} == {(96, 192, boxes[0].top)}
    # 102 pixels from column to column; two poses behind the condition.
    assert [b.left - boxes[0].left for b in boxes] == [0, 3 * 102, 4 * 102, 5 * 102]
    second = [box(picture, c) for c in ((20, 20, 200), (20, 70, 200), (30, 20, 200))]
    assert {b.top - boxes[0].top for b in second} == {198}


def test_asks_for_the_target_pose_and_camera(people, generator):
    asked = generator(70)
    transfer_figure({"g": asked}, people, PAIRS)
    torch.testing.assert_close(asked.all_asked(0), people.keypoints[[0, 2]])
    torch.testing.assert_close(asked.all_asked(1), people.keypoints[[5, 3]])
    assert asked.all_asked(2).tolist() == [3, 1]


def test_generators_of_several_sizes(people, generator, box):
    small = generator(70)
    small.image_size = (16, 8)
    picture = transfer_figure({"small": small, "large": generator(140)}, people, PAIRS)
    assert box(picture, (0, 70, 200)).height == 192
    half = (people.keypoints[[0, 2], :, :2] + 0.5) / 2 - 0.5
    torch.testing.assert_close(small.all_asked(0)[..., :2], half)


def test_everyone_in_every_pose(people, generator, box):
    asked = generator(70)
    picture = pose_matrix_figure({"g": asked}, people, [0, 3], [5, 6, 7])
    for row, person in enumerate((0, 3)):
        condition = box(picture, people.colour(person))
        made = box(picture, (10 * person, 70, 200))
        assert made.left - condition.left == 102
        assert made.width == 3 * 96 + 2 * 6
        assert made.height == condition.height == 192
        assert condition.top == box(picture, people.colour(0)).top + 198 * row
    expected = people.keypoints[[5, 6, 7, 5, 6, 7]]
    torch.testing.assert_close(asked.all_asked(1), expected)
    assert asked.all_asked(2).tolist() == [0, 0, 0, 1, 1, 1]  # their own cameras


def test_a_row_of_each_generator(people, generator, box):
    generators = {"a": generator(70), "b": generator(140)}
    picture = pose_matrix_figure(generators, people, [0], [5, 6])
    first, second = box(picture, (0, 70, 200)), box(picture, (0, 140, 200))
    assert second.top - first.top == 198
    assert first.left == second.left
    assert box(picture, people.colour(0)).height == 192 + 198  # the condition in both rows


@pytest.mark.parametrize("count", [1, 17])
def test_more_than_a_batch(people, generator, count):
    asked = generator(70)
    rows = np.arange(count) % len(people)
    transfer_figure({"g": asked}, people, TransferPairs(rows, rows))
    assert len(asked.asked) == -(-count // 16)
    torch.testing.assert_close(asked.all_asked(1), people.keypoints[rows])
