import pytest
import torch
from torch import nn

from posegan_plugin.models import PAGN
from posegan_plugin.models.layers import adaptive_instance_norm
from posegan_plugin.models.pagn import PAGNModule


def rand(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def poses(blocks, batch=2, channels=5, height=4, width=2):
    """P_t at each module's resolution: only the last of several works at twice the size."""
    sizes = [(height, width)] * blocks
    if blocks > 1:
        sizes[-1] = (2 * height, 2 * width)
    return [rand(batch, channels, *size, seed=n) for n, size in enumerate(sizes)]


@pytest.mark.parametrize("deconvolution", ["resize", "transposed"])
@pytest.mark.parametrize("blocks", range(1, 9))
def test_size_range_and_masks(blocks, deconvolution):
    torch.manual_seed(0)
    network = PAGN(8, 5, blocks, deconvolution=deconvolution)
    image, masks = network(rand(2, 8, 4, 2), poses(blocks))
    assert image.shape == (2, 3, 16, 8)
    assert -1 < image.min() < 0 < image.max() < 1
    expected = [(2, 8, 4, 2)] * (blocks - 2) + [(2, 4, 8, 4), (2, 2, 16, 8)]
    if blocks == 1:
        expected = [(2, 4, 8, 4)]
    assert [tuple(mask.shape) for mask in masks] == expected
    for mask in masks:
        assert 0 < mask.min() < 0.5 < mask.max() < 1


def test_last_two_modules_double_the_resolution():
    for blocks in range(1, 9):
        upsampling = [block.upsample for block in PAGN(8, 5, blocks).blocks]
        assert upsampling == [n >= blocks - 2 for n in range(blocks)]


@pytest.mark.parametrize("upsample", [False, True])
def test_equations_3_to_6(upsample):
    torch.manual_seed(0)
    module = PAGNModule(4, 2, 3, 5, upsample).eval()
    f_g, I_g, f_I, P_t = rand(1, 4, 4, 2), rand(1, 4, 4, 2, seed=1), rand(1, 3, 4, 2), None
    P_t = rand(1, 5, 4, 2, seed=3)
    new_f, new_I, mask = module(f_g, I_g, f_I, P_t)

    def enlarged(x):
        return x.repeat_interleave(2, -1).repeat_interleave(2, -2) if upsample else x

    a = module.style(torch.cat((f_g, P_t), dim=1))
    x = adaptive_instance_norm(content=enlarged(module.content(f_I)), style=a)
    A = 1 / (1 + torch.exp(-module.attention(x)))
    assert torch.allclose(new_f, x + a, atol=1e-5)
    assert torch.allclose(mask, A, atol=1e-6)
    expected = module.image(torch.cat((enlarged(I_g), A * x), dim=1))
    assert torch.allclose(new_I, expected, atol=1e-5)


def test_style_is_the_pose_and_content_the_appearance():
    # x of equation 3 has the statistics of a, so new_f = x + a has twice its mean.
    torch.manual_seed(0)
    module = PAGNModule(4, 2, 3, 5, False)
    f_g, P_t = rand(1, 4, 8, 8), rand(1, 5, 8, 8, seed=1)
    new_f, _, _ = module(f_g, f_g, rand(1, 3, 8, 8, seed=2), P_t)
    a = module.style(torch.cat((f_g, P_t), dim=1))
    assert torch.allclose(new_f.mean((2, 3)), 2 * a.mean((2, 3)), atol=1e-5)


def test_both_streams_start_from_the_appearance():
    torch.manual_seed(0)
    network = PAGN(8, 5, 2).eval()
    f_I, P_t = rand(1, 8, 4, 2), poses(2, batch=1)
    f_g, I_g, _ = network.blocks[0](f_I, f_I, f_I, P_t[0])
    f_g, I_g, _ = network.blocks[1](f_g, I_g, f_I, P_t[1])
    head = network.head[0]
    expected = torch.tanh(head(torch.cat((I_g, f_g), dim=1)))
    assert isinstance(head, nn.Conv2d)
    assert torch.allclose(network(f_I, P_t)[0], expected, atol=1e-6)


def test_one_pose_for_each_module():
    with pytest.raises(ValueError, match="zip"):
        PAGN(8, 5, 2)(rand(1, 8, 4, 2), [*poses(2, batch=1), rand(1, 5, 16, 8)])


@pytest.mark.parametrize("blocks", [1, 2, 4])
def test_every_weight_gets_a_gradient(blocks):
    torch.manual_seed(0)
    network = PAGN(8, 5, blocks, norm="instance")
    image, _ = network(rand(2, 8, 4, 2), poses(blocks))
    image.square().sum().backward()
    assert [n for n, p in network.named_parameters() if p.grad is None] == []
