import pytest
import torch
from torch import nn

from posegan_plugin.errors import UserError
from posegan_plugin.models.layers import (
    ConvBlock,
    DeconvBlock,
    adaptive_instance_norm,
    build_norm,
    memory_format_of,
)


def rand(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(
    ("name", "kind"),
    [("batch", nn.BatchNorm2d), ("instance", nn.InstanceNorm2d), ("none", nn.Identity)],
)
def test_norm_by_name(name, kind):
    norm = build_norm(name, 5)
    assert type(norm) is kind
    assert len(list(norm.parameters())) == (0 if name == "none" else 2)


def test_instance_norm_has_no_running_state():
    assert not list(build_norm("instance", 5).buffers())


def test_unknown_norm_lists_the_known_ones():
    with pytest.raises(UserError, match=r"norm='layer'.*batch, instance, none"):
        build_norm("layer", 5)


@pytest.mark.parametrize("norm", ["batch", "instance", "none"])
def test_conv_has_a_bias_only_without_norm(norm):
    assert (ConvBlock(2, 3, norm)[0].bias is not None) == (norm == "none")


def test_conv_block_by_hand():
    block = ConvBlock(1, 1, "none", stride=2, activation=nn.ReLU())
    nn.init.constant_(block[0].weight, 1.0)
    nn.init.constant_(block[0].bias, -20.0)
    image = torch.arange(16.0).reshape(1, 1, 4, 4)
    # 3x3 sums around (0, 0), (0, 2), (2, 0), (2, 2), zeros outside: 10, 24, 51, 90.
    assert block(image).flatten().tolist() == [0, 4, 31, 70]


def test_without_activation_values_may_be_negative():
    assert (ConvBlock(2, 3, "batch")(rand(2, 2, 4, 4)) < 0).any()


@pytest.mark.parametrize("kind", ["resize", "transposed"])
@pytest.mark.parametrize("upsample", [False, True])
@pytest.mark.parametrize("norm", ["batch", "instance", "none"])
def test_deconvolution_size_and_range(kind, upsample, norm):
    out = DeconvBlock(3, 5, norm, kind, upsample)(rand(2, 3, 4, 6))
    assert out.shape == (2, 5, 8, 12) if upsample else (2, 5, 4, 6)
    assert out.min() == 0  # ReLU


def test_resize_repeats_pixels_before_it_convolves():
    block = DeconvBlock(1, 1, "none", "resize", upsample=True)
    conv = next(m for m in block if isinstance(m, nn.Conv2d))
    nn.init.zeros_(conv.weight)
    nn.init.zeros_(conv.bias)
    conv.weight.data[0, 0, 1, 1] = 1
    image = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]])
    assert block(image)[0, 0].tolist() == [[1, 1, 2, 2], [1, 1, 2, 2], [3, 3, 4, 4], [3, 3, 4, 4]]


def test_transposed_is_a_transposed_convolution():
    block = DeconvBlock(1, 1, "none", "transposed", upsample=True)
    assert isinstance(block[0], nn.ConvTranspose2d)
    assert not any(isinstance(m, nn.Upsample) for m in block)


def test_unknown_deconvolution_lists_the_known_ones():
    with pytest.raises(UserError, match=r"deconvolution='shuffle'.*resize, transposed"):
        DeconvBlock(1, 1, "none", "shuffle", upsample=True)


def test_adain_by_hand():
    content = torch.tensor([[[[1.0, 3.0]]]])  # mean 2, deviation 1
    style = torch.tensor([[[[10.0], [16.0], [10.0], [16.0]]]])  # mean 13, deviation 3
    out = adaptive_instance_norm(content, style)
    assert out.flatten().tolist() == pytest.approx([10.0, 16.0], abs=1e-3)


def test_adain_has_the_mean_and_deviation_of_the_style():
    content, style = rand(2, 3, 6, 5), 4 * rand(2, 3, 4, 4, seed=1) - 7
    out = adaptive_instance_norm(content, style)
    for b in range(2):
        for c in range(3):
            assert out[b, c].mean().item() == pytest.approx(style[b, c].mean().item(), abs=1e-4)
            expected = style[b, c].std(correction=0).item()
            assert out[b, c].std(correction=0).item() == pytest.approx(expected, rel=1e-4)
    # The layout is the content's: each channel is an affine function of it.
    correlation = torch.corrcoef(torch.stack((out[1, 2].flatten(), content[1, 2].flatten())))
    assert correlation[0, 1].item() == pytest.approx(1, abs=1e-5)


def test_adain_of_constant_content_is_the_mean_of_the_style_and_has_finite_gradients():
    content = torch.full((1, 2, 4, 4), 3.0, requires_grad=True)
    style = rand(1, 2, 4, 4).requires_grad_()
    out = adaptive_instance_norm(content, style)
    out.square().sum().backward()
    expected = style.detach().mean((2, 3), keepdim=True).expand_as(out)
    assert torch.allclose(out, expected, atol=1e-5)
    assert content.grad.isfinite().all()
    assert style.grad.isfinite().all()


def test_adain_of_constant_style_is_constant():
    out = adaptive_instance_norm(rand(1, 1, 8, 8), torch.full((1, 1, 4, 4), 2.0))
    assert torch.allclose(out, torch.full_like(out, 2.0), atol=0.02)


def test_adain_in_half_precision_computes_in_float32():
    content, style = 300 * rand(1, 2, 8, 8), rand(1, 2, 8, 8, seed=1)
    out = adaptive_instance_norm(content.half(), style.half())
    assert out.dtype == torch.float16
    # 300 ** 2 is beyond float16.
    expected = adaptive_instance_norm(content.half().float(), style.half().float())
    assert torch.allclose(out.float(), expected, atol=5e-3)


def test_memory_format():
    first = rand(2, 3, 4, 5)
    assert memory_format_of(first) == torch.contiguous_format
    last = first.contiguous(memory_format=torch.channels_last)
    assert memory_format_of(last) == torch.channels_last
    assert memory_format_of(last[..., ::2]) == torch.contiguous_format
