import copy
import math

import pytest
import torch

from posegan_plugin.comparison import differing_entries

STATE = {
    "networks": {"a": torch.tensor([[1.0, math.nan]]), "b": torch.tensor(3), "c": torch.ones(0)},
    "log": [1, 2.5, math.nan, {"x": "y", "none": None}],
    "pair": (1, [2]),
}


def test_the_same():
    assert differing_entries(STATE, copy.deepcopy(STATE)) == []
    assert differing_entries(STATE["networks"]["a"], STATE["networks"]["a"].clone()) == []


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (lambda s: s["networks"]["a"].__setitem__((0, 0), 1.0 + 2**-23), ".networks.a"),
        (lambda s: s["networks"]["a"].__setitem__((0, 1), 0.0), ".networks.a"),
        (lambda s: s["networks"].update(a=torch.tensor([1.0, math.nan])), ".networks.a"),
        (lambda s: s["networks"].update(b=torch.tensor(3, dtype=torch.int32)), ".networks.b"),
        (lambda s: s["networks"].update(c=0), ".networks.c"),
        (lambda s: s["networks"].update(d=0), ".networks"),
        (lambda s: s["networks"].pop("a"), ".networks"),
        (lambda s: s["networks"].update(a=s["networks"].pop("a")), ".networks"),
        (lambda s: s["log"].append(0), ".log"),
        (lambda s: s["log"].__setitem__(0, 1.0), ".log.0"),
        (lambda s: s["log"].__setitem__(2, 0.0), ".log.2"),
        (lambda s: s["log"][3].update(x="z"), ".log.3.x"),
        (lambda s: s["log"][3].update(none=0), ".log.3.none"),
        (lambda s: s["pair"][1].__setitem__(0, 3), ".pair.1.0"),
    ],
)
def test_one_entry_differs(change, name):
    other = copy.deepcopy(STATE)
    change(other)
    assert differing_entries(STATE, other) == [name]
    assert differing_entries(other, STATE) == [name]


def test_minus_zero_is_another_bit():
    assert differing_entries(torch.tensor(0.0), torch.tensor(-0.0)) == [""]
