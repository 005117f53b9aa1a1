import pytest
import torch
from torch.nn import functional as F

from posegan_plugin.models.upsampling import conv_of_enlarged


def rand(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def naive(x, weight, bias, factor):
    enlarged = x.repeat_interleave(factor, -1).repeat_interleave(factor, -2)
    return F.conv2d(enlarged, weight, bias, padding=1)


@pytest.mark.parametrize("factor", [1, 2, 3, 4])
@pytest.mark.parametrize("size", [(1, 1), (1, 3), (4, 2), (5, 7)])
@pytest.mark.parametrize("bias", [None, rand(5, seed=2)])
def test_equals_the_convolution_of_the_enlarged_map(factor, size, bias):
    x, weight = rand(2, 3, *size), rand(5, 3, 3, 3, seed=1)
    found = conv_of_enlarged(x, weight, bias, factor)
    torch.testing.assert_close(found, naive(x, weight, bias, factor))


@pytest.mark.parametrize("factor", [1, 2, 4])
def test_gradients_are_those_of_the_convolution(factor):
    x, weight, bias = rand(2, 3, 4, 2), rand(5, 3, 3, 3, seed=1), rand(5, seed=2)
    leaves = [t.requires_grad_() for t in (x, weight, bias)]
    found = torch.autograd.grad(conv_of_enlarged(*leaves, factor).square().sum(), leaves)
    expected = torch.autograd.grad(naive(*leaves, factor).square().sum(), leaves)
    torch.testing.assert_close(found, expected)


def test_by_hand():
    # Ones everywhere: each value is the sum of the 3x3 enlarged pixels around it, zeros outside.
    x = torch.tensor([[[[1.0, 10.0]]]])
    found = conv_of_enlarged(x, torch.ones(1, 1, 3, 3), None, 2)
    assert found[0, 0].tolist() == [[4.0, 24.0, 42.0, 40.0]] * 2


def test_empty_batch():
    weight = torch.ones(5, 3, 3, 3)
    assert conv_of_enlarged(torch.zeros(0, 3, 4, 2), weight, None, 2).shape == (0, 5, 8, 4)


def test_weights_are_added_up_in_their_own_precision():
    # bfloat16 has 8 bits: 256 + 1 would be 256 again.
    x, weight = torch.ones(1, 1, 1, 1), torch.zeros(1, 1, 3, 3)
    weight[0, 0, 0] = torch.tensor([0.0, 256.0, 1.0])  # the row above
    weight[0, 0, 1] = torch.tensor([0.0, -256.0, 0.0])
    with torch.autocast("cpu", torch.bfloat16):
        found = conv_of_enlarged(x, weight, None, 2)
    assert found.dtype == torch.bfloat16
    assert found[0, 0, 1, 0] == 1
