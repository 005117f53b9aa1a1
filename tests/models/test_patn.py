import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from posegan_plugin.errors import UserError
from posegan_plugin.models import PATNGenerator

SIZE = (32, 16)


def small(**options):
    torch.manual_seed(0)
    return PATNGenerator(**{"image_size": SIZE, "channels": 8, "num_blocks": 2, **options})


def people(batch=2, seed=0):
    points = torch.rand(batch, 18, 3, generator=torch.Generator().manual_seed(seed))
    return points * torch.tensor([SIZE[1] - 1, SIZE[0] - 1, 1])


def condition(seed=0):
    return torch.rand(2, 3, *SIZE, generator=torch.Generator().manual_seed(seed)) * 2 - 1


@pytest.mark.parametrize("norm", ["batch", "instance", "none"])
@pytest.mark.parametrize("deconvolution", ["resize", "transposed"])
@pytest.mark.parametrize("num_blocks", [1, 3])
def test_image(norm, deconvolution, num_blocks):
    generator = small(norm=norm, deconvolution=deconvolution, num_blocks=num_blocks)
    image = generator(condition(), people(), people(seed=1))
    assert image.shape == (2, 3, *SIZE)
    assert image.abs().max() < 1
    assert image.std() > 0
    image.mean().backward()
    # The last block's pose stream ends in its mask; everything else is used, and so is that.
    assert all(p.grad is not None for p in generator.parameters())


def test_condition_and_both_poses_change_the_image():
    generator = small(norm="instance").eval()
    base = generator(condition(), people(), people(seed=1))
    assert not torch.allclose(base, generator(condition(1), people(), people(seed=1)))
    assert not torch.allclose(base, generator(condition(), people(seed=2), people(seed=1)))
    assert not torch.allclose(base, generator(condition(), people(), people(seed=2)))


def test_camera():
    generator = small(num_cameras=3).eval()
    first, second = (
        generator(condition(), people(), people(seed=1), torch.full((2,), c)) for c in (0, 2)
    )
    assert not torch.allclose(first, second)
    with pytest.raises(ValueError, match="target_camera is needed"):
        generator(condition(), people(), people(seed=1))


def test_size_of_the_paper():
    with torch.device("meta"):
        generator = PATNGenerator().eval()
        arguments = torch.zeros(1, 3, 128, 64), torch.zeros(1, 18, 3), torch.zeros(1, 18, 3)
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            generator(*arguments)
    assert sum(p.numel() for p in generator.parameters()) == pytest.approx(41.4e6, rel=0.01)
    assert counter.get_total_flops() / 2 == pytest.approx(22.5e9, rel=0.02)


def test_dropout_only_while_training():
    generator = small(norm="none").train()
    arguments = condition(), people(), people(seed=1)
    assert not torch.equal(generator(*arguments), generator(*arguments))
    generator.eval()
    assert torch.equal(generator(*arguments), generator(*arguments))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"image_size": (30, 16)}, "image_size"),
        ({"channels": 6}, "channels=6"),
        ({"num_blocks": 0}, "num_blocks=0"),
        ({"dropout": 2}, "generator dropout=2 must be a number from 0 to 1"),
    ],
)
def test_refused(options, message):
    with pytest.raises(UserError, match=message):
        small(**options)
