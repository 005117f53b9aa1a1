import pytest
import torch
from torch import nn

from posegan_plugin.training import frozen


def network():
    torch.manual_seed(0)
    layers = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(0.5), nn.Linear(4, 2))
    layers[0].bias.requires_grad_(False)  # frozen before
    layers[1].eval()  # in evaluation mode before
    return layers


def state(*networks):
    return [
        *(p.requires_grad for n in networks for p in n.parameters()),
        *(m.training for n in networks for m in n.modules()),
    ]


def test_gradients_pass_through_but_not_into_the_weights():
    layers, x = network(), torch.randn(5, 3, requires_grad=True)
    with frozen(layers):
        assert not any(p.requires_grad for p in layers.parameters())
        layers(x).sum().backward()
    assert x.grad.abs().sum() > 0
    assert all(p.grad is None for p in layers.parameters())


def test_backward_after_the_block_does_not_reach_the_weights_either():
    layers, x = network(), torch.randn(5, 3, requires_grad=True)
    with frozen(layers):
        loss = layers(x).sum()
    loss.backward()
    assert all(p.grad is None for p in layers.parameters())


@pytest.mark.parametrize("evaluation", [False, True])
def test_flags_are_restored_exactly(evaluation):
    first, second = network(), network()
    second.eval()
    before = state(first, second)
    assert len(set(before)) == 2
    with frozen(first, second, evaluation=evaluation):
        inside = state(first, second)
    assert inside != before
    assert state(first, second) == before


@pytest.mark.parametrize("evaluation", [False, True])
def test_flags_are_restored_after_an_exception(evaluation):
    layers = network()
    before = state(layers)
    with pytest.raises(RuntimeError, match="halfway"), frozen(layers, evaluation=evaluation):
        raise RuntimeError("halfway")
    assert state(layers) == before


def test_nested_blocks():
    layers = network()
    before = state(layers)
    with frozen(layers, evaluation=True):
        with frozen(layers, evaluation=True):
            pass
        assert not any(p.requires_grad for p in layers.parameters())
        assert not any(m.training for m in layers.modules())
    assert state(layers) == before


def test_evaluation_means_running_statistics_and_no_dropout():
    layers = nn.Sequential(nn.BatchNorm1d(3), nn.Dropout(0.5))
    x = torch.randn(8, 3) + 5
    with frozen(layers, evaluation=True):
        out = layers(x)
    assert torch.allclose(out, x, atol=1e-3)  # mean 0 and deviation 1 are where they began
    assert layers[0].running_mean.tolist() == [0, 0, 0]


def test_without_evaluation_the_mode_stays():
    layers = network()
    modes = [m.training for m in layers.modules()]
    with frozen(layers):
        assert [m.training for m in layers.modules()] == modes
