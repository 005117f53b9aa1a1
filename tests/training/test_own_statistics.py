import copy

import pytest
import torch
from torch import nn

from posegan_plugin.errors import UserError
from posegan_plugin.training import own_statistics

REAL, DRAWN = 5, 3


def network(dtype=torch.float32):
    """A batch norm behind a convolution and one behind a mean, with weights that are not 1 and 0."""
    torch.manual_seed(0)
    layers = (nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    found = nn.Sequential(*layers, nn.BatchNorm1d(4)).to(dtype)
    for parameter in found.parameters():
        nn.init.uniform_(parameter, 0.5, 1.5)
    return found


def people(dtype=torch.float32):
    generator = torch.Generator().manual_seed(1)
    images = torch.randn(REAL + DRAWN, 3, 6, 5, generator=generator)
    images[REAL:] = 0.3 * images[REAL:] + 1
    return images.to(dtype)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_each_part_is_as_if_it_were_alone(dtype):
    images, one = people(dtype), network(dtype)
    apart = copy.deepcopy(one)
    real, drawn = one(images[:REAL]), copy.deepcopy(one)(images[REAL:])
    with own_statistics(apart, REAL):
        found = apart(images)
    torch.testing.assert_close(found, torch.cat((real, drawn)))
    for name, value in one.state_dict().items():  # running statistics are of real people
        torch.testing.assert_close(apart.state_dict()[name], value)


def test_gradients_are_those_of_both_parts():
    images, one = people(torch.float64), network(torch.float64)
    apart = copy.deepcopy(one)
    (one(images[:REAL]).square().sum() + one(images[REAL:]).square().sum()).backward()
    with own_statistics(apart, REAL):
        apart(images).square().sum().backward()
    for expected, found in zip(one.parameters(), apart.parameters(), strict=True):
        torch.testing.assert_close(found.grad, expected.grad)


@pytest.mark.parametrize("real", [REAL + DRAWN, REAL + DRAWN - 1])
def test_nobody_and_one_person_have_no_statistics(real):
    images, one = people(), network()
    apart = copy.deepcopy(one)
    with own_statistics(apart, real):
        found = apart(images)
    assert torch.equal(found, one(images))


def test_a_network_that_does_not_train():
    images, one = people(), network().eval()
    with own_statistics(one, REAL):
        found = one(images)
    assert torch.equal(found, one(images))


def test_nothing_stays_behind():
    images, one = people(), network()
    expected = copy.deepcopy(one)(images)
    with pytest.raises(RuntimeError), own_statistics(one, REAL):
        one(images[:, :1])
    assert torch.equal(one(images), expected)


def test_several_gpus(monkeypatch):
    parallel = nn.DataParallel(network())
    monkeypatch.setattr(parallel, "device_ids", [0, 1])
    with pytest.raises(UserError, match="one GPU with torchreid"), own_statistics(parallel, REAL):
        pass
