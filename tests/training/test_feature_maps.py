from collections import OrderedDict

import pytest
import torch
from torch import nn

from posegan_plugin.errors import UserError
from posegan_plugin.training.feature_maps import captured


@pytest.fixture
def network():
    inner = nn.Sequential(OrderedDict(first=Times(2), second=Times(3)))
    return nn.Sequential(OrderedDict(inner=inner, last=Times(5)))


class Times(nn.Module):
    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def forward(self, x):
        return self.factor * x


def test_outputs_in_the_order_in_which_they_run(network):
    with captured(network, ["inner.first", "inner"]) as maps:
        assert network(torch.tensor(1.0)) == 30
    assert maps == [2, 6]


def test_a_layer_behind_that_works_in_place_changes_nothing():
    network = nn.Sequential(OrderedDict(first=Times(-2), last=nn.ReLU(inplace=True)))
    with captured(network, ["first"]) as maps:
        assert network(torch.ones(2)).tolist() == [0, 0]
    assert maps[0].tolist() == [-2, -2]


def test_nothing_is_left_behind(network):
    with pytest.raises(ZeroDivisionError), captured(network, ["last"]):
        raise ZeroDivisionError
    with captured(network, ["last"]) as maps:
        pass
    network(torch.tensor(1.0))
    assert maps == []
    assert not any(module._forward_hooks for module in network.modules())


def test_no_layer_needs_no_network():
    with captured(None, ()) as maps:
        assert maps == []


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("inner.third", "'inner.third' in the re-ID network; parts of inner are first, second"),
        ("outer.first", "'outer.first' in the re-ID network; parts of the network are inner, last"),
        ("", "'' in the re-ID network; parts of the network are inner, last"),
    ],
)
def test_unknown_layers(network, name, words):
    with pytest.raises(UserError, match=words), captured(network, ["last", name]):
        pass
    assert not network.last._forward_hooks
