import copy

import pytest
import torch
from torch import nn

from posegan_plugin.training import with_fused


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_fused_where_there_is_one(device):
    assert with_fused(torch.optim.Adam, {"lr": 0.1}, device) == {"lr": 0.1, "fused": True}
    assert with_fused(torch.optim.Adamax, {"lr": 0.1}, device) == {"lr": 0.1}


def test_other_devices_keep_torchs_choice():
    assert with_fused(torch.optim.Adam, {"lr": 0.1}, "xla") == {"lr": 0.1}


@pytest.mark.parametrize("key", ["fused", "foreach", "differentiable"])
@pytest.mark.parametrize("value", [True, False])
def test_a_users_choice_stays(key, value):
    assert with_fused(torch.optim.Adam, {key: value}, "cpu") == {key: value}


def train(network, optimizer, steps):
    for seed in steps:
        x = torch.randn(5, 4, generator=torch.Generator().manual_seed(seed))
        optimizer.zero_grad()
        network(x).square().sum().backward()
        optimizer.step()


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))


def test_fused_steps_are_those_of_the_plain_loop():
    trained = []
    for options in (
        {"lr": 0.01, "foreach": False},
        with_fused(torch.optim.Adam, {"lr": 0.01}, "cpu"),
    ):
        one = network()
        train(one, torch.optim.Adam(one.parameters(), **options), range(20))
        trained.append(one)
    for first, second in zip(*(n.parameters() for n in trained), strict=True):
        assert torch.allclose(first, second, atol=1e-6)


@pytest.mark.parametrize("saved", [{"fused": True}, {"foreach": False}])
def test_a_resumed_optimiser_goes_on_as_it_began(saved):
    """Also one of a checkpoint from before fused ones were the default: same bits."""
    whole = network()
    optimizer = torch.optim.Adam(whole.parameters(), lr=0.01, **saved)
    train(whole, optimizer, range(4))
    resumed, state = copy.deepcopy(whole), copy.deepcopy(optimizer.state_dict())
    train(whole, optimizer, range(4, 8))
    other = torch.optim.Adam(resumed.parameters(), **with_fused(torch.optim.Adam, {}, "cpu"))
    other.load_state_dict(state)
    train(resumed, other, range(4, 8))
    assert all(map(torch.equal, whole.parameters(), resumed.parameters()))
