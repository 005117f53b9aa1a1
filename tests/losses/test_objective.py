import dataclasses
import math

import pytest

from posegan_plugin.errors import UserError
from posegan_plugin.losses import ObjectiveWeights


def test_defaults_are_the_paper():
    # The last two are of losses that the paper does not have.
    assert dataclasses.astuple(ObjectiveWeights()) == (5, 10, 10, 1, 1, 0, 0)


def test_zero_switches_a_term_off():
    assert ObjectiveWeights(quartet=0).quartet == 0


@pytest.mark.parametrize("name", [f.name for f in dataclasses.fields(ObjectiveWeights)])
@pytest.mark.parametrize("value", [-1.0, math.nan, math.inf])
def test_impossible_weight(name, value):
    with pytest.raises(UserError, match=name):
        ObjectiveWeights(**{name: value})
