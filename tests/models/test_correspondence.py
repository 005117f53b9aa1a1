import math

import pytest
import torch

from posegan_plugin.models import PoseTransferGenerator
from posegan_plugin.models.correspondence import PoseCorrespondence, position_features
from posegan_plugin.models.pose_maps import pose_maps


def rand(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_positions_differ_everywhere_and_stay_in_range():
    features = position_features(8, 4, torch.zeros(1))
    assert features.shape == (1, 16, 8, 4)
    assert features.abs().max() <= 1
    places = features[0].flatten(1).t()
    distances = (places[:, None] - places[None]).norm(dim=-1)
    distances.fill_diagonal_(1)
    assert distances.min() > 0.1


def test_positions_by_hand():
    features = position_features(3, 5, torch.zeros(1, dtype=torch.float64))
    assert features.dtype == torch.float64
    # Row 2 of 3 is y = 1, column 1 of 5 is x = -1/2; frequencies pi/2 * 1, 2, 4, 8.
    expected = []
    for k in (1, 2, 4, 8):
        for place in (1.0, -0.5):
            expected += [math.sin(math.pi / 2 * k * place), math.cos(math.pi / 2 * k * place)]
    assert features[0, :, 2, 1].tolist() == pytest.approx(expected, abs=1e-6)


def test_relative_positions_do_not_depend_on_the_size():
    small, large = (position_features(n, n, torch.zeros(1))[0] for n in (3, 5))
    assert torch.allclose(small[:, 1, 2], large[:, 2, 4], atol=1e-6)


@pytest.mark.parametrize("heads", [1, 4])
def test_equals_a_naive_loop_over_positions(heads):
    torch.manual_seed(0)
    network = PoseCorrespondence(8, heads).eval()
    f_I, f_P, pose = (rand(1, 8, 3, 2, seed=n) for n in range(3))
    target = network.target(pose)
    positions = position_features(3, 2, f_I)
    q = network.query(torch.cat((target, positions), dim=1))[0].flatten(1)
    k = network.key(torch.cat((f_P, f_I, positions), dim=1))[0].flatten(1)
    v = network.value(f_I)[0].flatten(1)
    moved = torch.zeros(8, 6)
    size = 8 // heads
    for h in range(heads):
        part = slice(h * size, (h + 1) * size)
        for i in range(6):
            scores = torch.stack([q[part, i] @ k[part, j] for j in range(6)]) / math.sqrt(size)
            share = scores.softmax(0)
            moved[part, i] = sum(share[j] * v[part, j] for j in range(6))
    expected = network.out(torch.cat((moved.reshape(1, 8, 3, 2), target), dim=1))
    assert torch.allclose(network(f_I, f_P, pose), expected, atol=1e-5)


def test_memory_format_does_not_matter():
    torch.manual_seed(0)
    network = PoseCorrespondence(8).eval()
    maps = [rand(2, 8, 4, 3, seed=n) for n in range(3)]
    last = [m.to(memory_format=torch.channels_last) for m in maps]
    assert torch.allclose(network(*maps), network(*last), atol=1e-5)


def corner_gradient(correspondence):
    """How much the generated bottom right pixel depends on the condition's top left one."""
    torch.manual_seed(0)
    # Eval mode, or batch norm would join all positions. In AdaIN the image-wide statistics are of
    # the style stream, which starts from f_I; what is asked here is PAAN and the correspondence.
    generator = PoseTransferGenerator((64, 32), 8, 1, correspondence, norm="batch").eval()
    pose = torch.zeros(1, 18, 3)
    f_I = rand(1, 8, 16, 8).requires_grad_()
    f_P, target = (
        rand(1, 8, 16, 8, seed=1),
        generator.pose_encoder(pose_maps(pose, generator.image_size, 1, f_I)),
    )
    out, _, _ = generator.paan(f_I, f_P)
    if correspondence:
        out = generator.correspondence(out, f_P, target)
    out[0, :, -1, -1].sum().backward()
    return f_I.grad[0, :, 0, 0].abs().max().item()


def test_distant_positions_matter_only_with_attention():
    assert corner_gradient(None) == 0
    assert corner_gradient("attention") > 0


def test_the_output_replaces_the_appearance_everywhere():
    # Adding it to f_I[N] would leave the source layout in reach.
    torch.manual_seed(0)
    generator = PoseTransferGenerator((32, 16), 8, 2, "attention").eval()
    generator.correspondence.register_forward_hook(lambda *_: torch.ones(1, 8, 8, 4))
    pose = torch.zeros(1, 18, 3)
    first = generator(rand(1, 3, 32, 16), pose, pose)
    second = generator(rand(1, 3, 32, 16, seed=1), pose, pose)
    assert torch.equal(first, second)
