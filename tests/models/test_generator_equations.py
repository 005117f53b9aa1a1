"""The generator, as fast as it is written, against one written as the paper's equations are."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from posegan_plugin.checkpoint import load_from, read_checkpoint
from posegan_plugin.models import PoseTransferGenerator
from posegan_plugin.models.pose_maps import pose_maps
from posegan_plugin.paths import weights_path
from posegan_plugin.published import architecture_of


def enlarged(x, size):
    """Copies of pixels, one map at a time."""
    factor = size[0] // x.shape[-2]
    return x.repeat_interleave(factor, -1).repeat_interleave(factor, -2)


def run(layers, x):
    """Layers on their own, so that no layer's owner can take a short cut."""
    for layer in layers:
        x = run(layer, x) if isinstance(layer, nn.Sequential) else layer(x)
    return x


def adain(content, style, eps=1e-5):
    def moments(x):
        return torch.var_mean(x, dim=(2, 3), keepdim=True, correction=0)

    (c_var, c_mean), (s_var, s_mean) = moments(content), moments(style)
    return (content - c_mean) / (c_var + eps).sqrt() * (s_var + eps).sqrt() + s_mean


def pagn(network, f_I, poses, warped):
    f_g = I_g = f_I
    for module, P_t in zip(network.blocks, poses, strict=True):
        a = run(module.style, torch.cat((f_g, P_t), 1))
        x = adain(enlarged(module.content(f_I), a.shape[-2:]), a)
        A = torch.sigmoid(run(module.attention, x))
        I_g = run(module.image, torch.cat((enlarged(I_g, a.shape[-2:]), A * x), 1))
        f_g = x + a
    return run(network.head, torch.cat((I_g, f_g, *warped), 1))


def by_the_equations(generator, condition, source, target, camera):
    size, planes = generator.image_size, (camera, generator.num_cameras)
    f_I = run(generator.appearance_encoder, condition)
    f_P = run(generator.pose_encoder, pose_maps(source, size, 1, condition))
    for block in generator.paan.blocks:
        logits = run(block.pose, f_P)
        f_I, f_P = torch.sigmoid(logits) * run(block.appearance, f_I) + f_I, F.relu(logits)
    if generator.correspondence is not None:
        wanted = run(generator.pose_encoder, pose_maps(target, size, 1, condition))
        f_I = generator.correspondence(f_I, f_P, wanted)
    warped = [] if generator.part_warp is None else [generator.part_warp(condition, source, target)]
    strides = [4] * (len(generator.pagn.blocks) - 1) + [2]
    poses = [
        torch.cat(
            (pose_maps(target, size, stride, condition, *planes), *_smaller(warped, stride)), 1
        )
        for stride in strides
    ]
    return pagn(generator.pagn, f_I, poses, warped)


def _smaller(maps, stride):
    """Means of stride x stride pixels."""
    return [m.unfold(2, stride, stride).unfold(3, stride, stride).mean((-1, -2)) for m in maps]


def inputs(generator, batch=3):
    height, width = generator.image_size
    random = torch.Generator().manual_seed(0)
    images = torch.rand(batch, 3, height, width, generator=random) * 2 - 1
    poses = torch.rand(2, batch, 18, 3, generator=random) * torch.tensor([width, height, 1.0])
    poses[0, 0, :4, 2] = 0  # missing joints
    camera = torch.arange(batch) % generator.num_cameras if generator.num_cameras else None
    return images, *poses, camera


def demo():
    checkpoint = read_checkpoint(weights_path("demo"))
    options = dict(architecture_of(checkpoint)["generator"])
    assert options.pop("type") == "PoseTransferGenerator"
    generator = PoseTransferGenerator(**options)
    load_from(checkpoint, generator, "generator", "demo")
    return generator.eval()


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_the_shipped_weights_draw_what_the_equations_say(memory_format):
    generator = demo().to(memory_format=memory_format)
    condition, *rest = inputs(generator)
    arguments = condition.contiguous(memory_format=memory_format), *rest
    with torch.no_grad():
        found, expected = generator(*arguments), by_the_equations(generator, *arguments)
    assert expected.std() > 0.1
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("deconvolution", ["resize", "transposed"])
@pytest.mark.parametrize("norm", ["batch", "instance", "none"])
@pytest.mark.parametrize("part_warp", [False, True])
def test_training_takes_the_same_gradients(part_warp, norm, deconvolution):
    torch.manual_seed(0)
    options = "attention", 2, norm, deconvolution, part_warp
    generator = PoseTransferGenerator((32, 16), 8, 3, *options).double()
    arguments = [t.double() if t.is_floating_point() else t for t in inputs(generator)]
    found, expected = generator(*arguments), by_the_equations(generator, *arguments)
    torch.testing.assert_close(found, expected)
    weights = list(generator.parameters())
    torch.testing.assert_close(
        torch.autograd.grad(found.square().sum(), weights),
        torch.autograd.grad(expected.square().sum(), weights),
    )
