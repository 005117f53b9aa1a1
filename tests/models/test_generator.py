import math

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from posegan_plugin.errors import UserError
from posegan_plugin.models import PoseTransferGenerator

SIZE = (32, 16)
# The paper's, this package's, and the warp with nothing else.
_KINDS = {
    "paper": {},
    "attention": {"correspondence": "attention"},
    "attention and warp": {"correspondence": "attention", "part_warp": True},
    "warp": {"part_warp": True},
}
KINDS = pytest.mark.parametrize("kind", _KINDS.values(), ids=_KINDS)


def small(**options):
    torch.manual_seed(0)
    return PoseTransferGenerator(**{"image_size": SIZE, "channels": 8, "num_blocks": 2, **options})


def condition(batch=2, size=SIZE, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(batch, 3, *size, generator=generator) * 2 - 1


def people(batch=2, seed=0):
    points = torch.rand(batch, 18, 3, generator=torch.Generator().manual_seed(seed))
    points[..., 0] *= SIZE[1] - 1
    points[..., 1] *= SIZE[0] - 1
    points[..., 2] = 1
    return points


@KINDS
@pytest.mark.parametrize("norm", ["batch", "instance", "none"])
@pytest.mark.parametrize("num_blocks", [1, 2, 5])
def test_image_and_masks(kind, norm, num_blocks):
    generator = small(**kind, norm=norm, num_blocks=num_blocks)
    image, paan, pagn = generator.generate_with_masks(condition(), people(), people(seed=1))
    assert image.shape == (2, 3, *SIZE)
    assert image.abs().max() < 1
    assert image.std() > 0
    assert [tuple(m.shape) for m in paan] == [(2, 8, 8, 4)] * num_blocks
    assert len(pagn) == num_blocks
    if num_blocks > 1:
        assert pagn[-1].shape == (2, 2, *SIZE)


@KINDS
def test_forward_is_the_image_alone(kind):
    generator = small(**kind).eval()
    arguments = condition(), people(), people(seed=1)
    assert torch.equal(generator(*arguments), generator.generate_with_masks(*arguments)[0])


@KINDS
def test_both_poses_and_the_condition_change_the_image(kind):
    generator = small(**kind, norm="instance")
    base = generator(condition(), people(), people(seed=1))
    assert not torch.allclose(base, generator(condition(seed=1), people(), people(seed=1)))
    assert not torch.allclose(base, generator(condition(), people(seed=2), people(seed=1)))
    assert not torch.allclose(base, generator(condition(), people(), people(seed=2)))


@KINDS
def test_coordinates_of_missing_joints_do_not_matter(kind):
    generator = small(**kind).eval()
    source, target = people(), people(seed=1)
    source[:, 3, 2] = target[:, 7, 2] = 0
    base = generator(condition(), source, target)
    source[:, 3, :2], target[:, 7, :2] = 5.0, math.nan
    assert torch.equal(generator(condition(), source, target), base)
    source[:, 3, 2] = 1
    assert not torch.equal(generator(condition(), source, target), base)


def test_scores_above_zero_do_not_matter():
    generator = small().eval()
    target = people(seed=1)
    base = generator(condition(), people(), target)
    target[..., 2] = 0.3
    assert torch.equal(generator(condition(), people(), target), base)


def test_each_pagn_module_gets_the_target_at_its_own_resolution():
    generator = small(num_blocks=3, num_cameras=2)
    seen = []
    generator.pagn.register_forward_pre_hook(lambda _, args: seen.extend(args[1]))
    generator(condition(), people(), people(seed=1), torch.tensor([1, 0]))
    assert [tuple(p.shape) for p in seen] == [(2, 20, 8, 4), (2, 20, 8, 4), (2, 20, 16, 8)]
    for maps in seen:
        # The planes of camera 1 for the first person and of camera 0 for the second.
        assert (maps[0, 18] == 0).all()
        assert (maps[0, 19] == 1).all()
        assert (maps[1, 18] == 1).all()
        assert (maps[1, 19] == 0).all()


@KINDS
def test_the_camera_changes_the_image(kind):
    generator = small(num_cameras=3, **kind).eval()
    images = [
        generator(condition(1), people(1), people(1, seed=1), torch.tensor([camera]))
        for camera in (0, 1, 2)
    ]
    assert not torch.allclose(images[0], images[1])
    assert not torch.allclose(images[1], images[2])


def test_a_generator_with_cameras_wants_one():
    with pytest.raises(ValueError, match="target_camera"):
        small(num_cameras=3)(condition(), people(), people())


def test_images_of_a_batch_do_not_mix_in_evaluation():
    generator = small(correspondence="attention").eval()
    together = generator(condition(), people(), people(seed=1))
    alone = generator(condition()[1:], people()[1:], people(seed=1)[1:])
    assert torch.allclose(together[1:], alone, atol=1e-5)


@KINDS
@pytest.mark.parametrize("num_blocks", [1, 4])
def test_every_weight_gets_a_gradient(kind, num_blocks):
    generator = small(**kind, num_blocks=num_blocks, num_cameras=2)
    image = generator(condition(), people(), people(seed=1), torch.tensor([0, 1]))
    image.square().sum().backward()
    without = [n for n, p in generator.named_parameters() if p.grad is None]
    assert without == []


@KINDS
@pytest.mark.parametrize("num_cameras", [0, 6])
def test_default_generator_costs_at_most_4_5_gmac(kind, num_cameras):
    with torch.device("meta"):
        generator = PoseTransferGenerator(**kind, num_cameras=num_cameras)
        arguments = torch.zeros(1, 3, 128, 64), torch.zeros(1, 18, 3), torch.zeros(1, 18, 3)
        camera = torch.zeros(1, dtype=torch.int64) if num_cameras else None
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        generator.eval()(*arguments, camera)
    assert 2e9 < counter.get_total_flops() <= 2 * 4.5e9


@KINDS
def test_state_dict_round_trip(kind):
    first = small(**kind, num_cameras=2)
    torch.manual_seed(1)
    second = PoseTransferGenerator(SIZE, 8, 2, num_cameras=2, **kind)
    arguments = condition(), people(), people(seed=1), torch.tensor([0, 1])
    first(*arguments)  # moves the running statistics
    first.eval(), second.eval()
    assert not torch.allclose(first(*arguments), second(*arguments))
    second.load_state_dict(first.state_dict())
    assert torch.equal(first(*arguments), second(*arguments))


def test_the_warp_is_laid_beside_the_target_pose_at_each_resolution():
    generator = small(part_warp=True, num_cameras=2).eval()
    seen = []
    for block in generator.pagn.blocks:
        block.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[3]))
    generator.pagn.head.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    arguments = condition(), people(), people(seed=1)
    generator(*arguments, torch.tensor([0, 1]))
    quarter, half, whole = (maps[:, -4:] for maps in seen)
    expected = generator.part_warp(*arguments)
    assert expected.abs().max() > 0.1
    assert torch.equal(whole, expected)
    torch.testing.assert_close(half, torch.nn.functional.avg_pool2d(expected, 2))
    torch.testing.assert_close(quarter, torch.nn.functional.avg_pool2d(expected, 4))


def test_correspondence_none_has_no_further_weights():
    plain, attention = (
        set(small().state_dict()),
        set(small(correspondence="attention").state_dict()),
    )
    assert plain < attention
    assert all(name.startswith("correspondence.") for name in attention - plain)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"image_size": (30, 16)}, r"image_size=\(30, 16\).*multiple of 4"),
        ({"image_size": (32, 12)}, r"image_size=\(32, 12\).*at least 16"),
        ({"image_size": (32,)}, r"image_size=\(32,\)"),
        ({"num_blocks": 0}, "num_blocks=0.*between 1 and 8"),
        ({"num_blocks": 9}, "num_blocks=9.*between 1 and 8"),
        ({"channels": 6}, "channels=6.*multiple of 4"),
        ({"channels": 0}, "channels=0.*positive"),
        ({"correspondence": "flow"}, "correspondence='flow'.*None or 'attention'"),
        ({"norm": "layer"}, "norm='layer'"),
        ({"deconvolution": "shuffle"}, "deconvolution='shuffle'"),
    ],
)
def test_impossible_options_are_named(options, message):
    with pytest.raises(UserError, match=message):
        small(**options)
