import pytest
import torch
from torch import nn

from posegan_plugin.models import Encoder


@pytest.mark.parametrize("norm", ["batch", "instance", "none"])
def test_quarter_resolution_and_relu(norm):
    out = Encoder(18, 8, norm)(torch.randn(2, 18, 32, 16))
    assert out.shape == (2, 8, 8, 4)
    assert out.min() == 0
    assert out.max() > 0


def test_two_strided_convolutions_each_with_norm_and_relu():
    layers = [m for m in Encoder(3, 8).modules() if not list(m.children())]
    kinds = [nn.Conv2d, nn.BatchNorm2d, nn.ReLU] * 2
    assert [type(m) for m in layers] == kinds
    assert [layers[0].stride, layers[3].stride] == [(2, 2), (2, 2)]
    assert [layers[0].in_channels, layers[3].in_channels, layers[3].out_channels] == [3, 4, 8]


def test_norm_none_has_no_norm():
    assert not any(isinstance(m, nn.BatchNorm2d) for m in Encoder(3, 8, "none").modules())
