import math

import numpy as np
import pytest
import torch

from posegan_plugin.evaluation.transfer_samples import average, in_batches, read_images

CPU = torch.device("cpu")


def test_standard_error_of_one_pair_a_person_is_the_textbooks():
    values = torch.tensor([1.0, 4.0, 2.0, 9.0])
    result = average(values, np.array([3, 1, 0, 7]))
    assert result.value == 4
    assert result.standard_error == pytest.approx(values.std().item() / 2)
    assert result.count == 4


def test_pairs_of_one_person_count_as_one_opinion():
    # Deviations from the mean 3 are -2 and -1 of one person, 3 of the other: sums -3 and 3.
    result = average(torch.tensor([1.0, 2.0, 6.0]), np.array([0, 0, 1]))
    assert result.value == 3
    assert result.standard_error == pytest.approx(math.sqrt((9 + 9) * 2 / 1) / 3)
    # Saying everything twice makes nothing more certain.
    twice = average(torch.tensor([1.0, 2.0, 6.0] * 2), np.array([0, 0, 1] * 2))
    assert twice.standard_error == pytest.approx(result.standard_error)


def test_pairs_without_a_value_are_left_out_and_counted():
    values = torch.tensor([1.0, math.nan, 3.0, math.nan])
    assert average(values, np.array([0, 0, 1, 2])) == average(values[::2], np.array([0, 1]))
    assert average(values, np.array([0, 0, 1, 2])).count == 2
    nothing = average(torch.full((2,), math.nan), np.array([0, 1]))
    assert math.isnan(nothing.value)
    assert nothing[1:] == (None, 0)


@pytest.mark.parametrize("values", [[1.0, 2.0], [1.0, math.inf]])
def test_no_standard_error_of_one_person_or_infinite_values(values):
    result = average(torch.tensor(values), np.array([4, 4]))
    assert result == (sum(values) / 2, None, 2)


def test_one_value_for_all_pairs():
    assert average(0.5, np.array([0, 1])) == (0.5, None, None)


def test_batches_keep_order_and_become_float32():
    sizes = []

    def add(a, b):
        sizes.append(len(a))
        return (a + b).double()

    a, b = torch.arange(7), torch.arange(7) * 10
    result = in_batches(add, a, b, size=3, device=CPU)
    assert sizes == [3, 3, 1]
    assert result.dtype == torch.float32
    assert result.tolist() == (a + b).tolist()


def test_images_are_read_as_networks_take_them(make_people):
    images = torch.tensor([0, 51, 255], dtype=torch.uint8)[:, None, None, None].expand(-1, 3, 4, 2)
    people = make_people([0, 1, 2], [0, 0, 0], size=(4, 2), images=images)
    read = read_images(people, torch.tensor([2, 1]))
    assert read.shape == (2, 3, 4, 2)
    assert read[:, 0, 0, 0].tolist() == pytest.approx([1, -0.6])
