import numpy as np
import pytest

from posegan_plugin.pose.numbers import to_floats


def test_numbers():
    floats = to_floats([1, 2.5, -3])
    assert floats.dtype == np.float32
    assert floats.tolist() == [1, 2.5, -3]
    assert to_floats([]).shape == (0,)


@pytest.mark.parametrize("values", [None, 5, "12", {}, [[1]], ["1"], [True], [None], (1, 2)])
def test_no_list_of_numbers(values):
    with pytest.raises(ValueError, match="is not a list of numbers"):
        to_floats(values)


@pytest.mark.parametrize("value", [float("nan"), float("-inf"), 1e39, 10**400])
def test_not_finite(value):
    with pytest.raises(ValueError, match="has a number that is not finite"):
        to_floats([1, value])
