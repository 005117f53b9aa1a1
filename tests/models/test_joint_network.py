import numpy as np
import pytest
import torch

from posegan_plugin import UserError
from posegan_plugin.images import to_imagenet
from posegan_plugin.models.joint_network import JointNetwork, decode_simcc

PEOPLE = torch.rand(3, 3, 64, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return JointNetwork((64, 32), channels=8, hidden=32).eval()


@pytest.mark.parametrize("size", [(32, 32), (64, 32), (128, 64), (80, 48)])
def test_shapes(size):
    network = JointNetwork(size, channels=8, hidden=16)
    column, row, presence = network.logits(torch.zeros(2, 3, *size))
    assert column.shape == (2, 17, 2 * size[1])
    assert row.shape == (2, 17, 2 * size[0])
    assert presence.shape == (2, 17)
    simcc_x, simcc_y = network(torch.zeros(2, 3, *size))
    assert simcc_x.shape == column.shape and simcc_y.shape == row.shape


@pytest.mark.parametrize("size", [(0, 0), (16, 32), (120, 64), (128, 60)])
def test_sizes_that_do_not_fit(size):
    with pytest.raises(UserError, match=r"multiples of 16, at least 32"):
        JointNetwork(size)


def test_number_of_parameters():
    """0.5 to 1.5 M, whatever the size of a person's image."""
    for size in ((64, 32), (128, 64), (256, 128)):
        count = sum(p.numel() for p in JointNetwork(size).parameters())
        assert 0.5e6 < count < 1.5e6


@torch.no_grad()
def test_peaks_are_the_probability_that_the_joint_is_there(network):
    images = to_imagenet(PEOPLE)
    column, row, presence = network.logits(images)
    for simcc, logits in zip(network(images), (column, row), strict=True):
        assert (simcc >= 0).all() and (simcc <= 1).all()
        torch.testing.assert_close(simcc.amax(-1), presence.sigmoid())
        assert torch.equal(simcc.argmax(-1), logits.argmax(-1))
        # Beside the peak, what the softmax says.
        shares = simcc / simcc.sum(-1, keepdim=True)
        torch.testing.assert_close(shares, logits.softmax(-1))


@torch.no_grad()
def test_each_person_is_looked_at_alone(network):
    images = to_imagenet(PEOPLE)
    together, alone = network(images), network(images[1:2])
    for many, one in zip(together, alone, strict=True):
        torch.testing.assert_close(many[1:2], one)


def test_gradients_reach_every_parameter(network):
    sum(part.square().sum() for part in network.logits(to_imagenet(PEOPLE))).backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in network.parameters())
    network.zero_grad()


def test_decoding_by_hand():
    simcc_x, simcc_y = torch.zeros(1, 2, 8), torch.zeros(1, 2, 12)
    simcc_x[0, 0, 5], simcc_y[0, 0, 10] = 0.8, 0.6
    simcc_x[0, 1, 2], simcc_y[0, 1, 1] = 0.1, 0.3
    expected = torch.tensor([[[2.5, 5.0, 0.7], [1.0, 0.5, 0.2]]])
    torch.testing.assert_close(decode_simcc(simcc_x, simcc_y), expected)


@torch.no_grad()
def test_decodes_as_rtmlib(network):
    post = pytest.importorskip("rtmlib.tools.pose_estimation.post_processings")
    simcc = network(to_imagenet(PEOPLE))
    places, scores = post.get_simcc_maximum(*(part.numpy() for part in simcc))
    found = decode_simcc(*simcc).numpy()
    np.testing.assert_array_equal(found[..., :2], places / 2)
    np.testing.assert_allclose(found[..., 2], scores, rtol=1e-6)
