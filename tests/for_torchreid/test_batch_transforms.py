import pytest
import torch
from torchvision.transforms import Compose, RandomErasing

pytest.importorskip("torchreid")

from posegan_plugin.augment import PersonBatch, ReIDInput
from posegan_plugin.for_torchreid.batch_transforms import BatchTransforms
from posegan_plugin.for_torchreid.resolver import torchreid_module
from posegan_plugin.images import resize_images, to_imagenet

SIZE = (32, 16)
COUNT = 400


def transforms(names):
    """What torchreid builds of a list of names, for batches."""
    train, _ = torchreid_module("data.transforms").build_transforms(*SIZE, transforms=names)
    return BatchTransforms(train, SIZE, to_imagenet)


@pytest.fixture
def people():
    """The same image, smooth but not symmetric, many times, at half the size."""
    ramp = torch.linspace(-1, 1, 16)[:, None] * 0.5 + torch.linspace(-0.5, 0.5, 8)
    images = ramp.expand(COUNT, 3, 16, 8).clone()
    numbers = torch.zeros(COUNT, dtype=torch.long)
    return PersonBatch.of_real(images, torch.zeros(COUNT, 18, 3), numbers, numbers, numbers)


def plain(people):
    return to_imagenet(resize_images(people.images, SIZE))[0]


def test_nothing_was_asked_for(people):
    assert torch.equal(transforms([])(people), plain(people).expand(COUNT, 3, *SIZE))


def test_flip(people):
    torch.manual_seed(0)
    found, straight = transforms(["random_flip"])(people), plain(people)
    flipped = torch.tensor([torch.allclose(i, straight.flip(-1), atol=1e-5) for i in found])
    kept = torch.tensor([torch.allclose(i, straight, atol=1e-5) for i in found])
    assert (flipped ^ kept).all()
    assert flipped.float().mean() == pytest.approx(0.5, abs=0.1)


def test_crop(people):
    torch.manual_seed(0)
    found, straight = transforms(["random_crop"])(people), plain(people)
    difference = (found - straight).abs().amax(dim=(1, 2, 3))
    assert (difference < 1e-5).float().mean() == pytest.approx(0.5, abs=0.1)
    # A window of 8/9 of a slope has 8/9 of it.
    moved = found[difference > 1e-5]
    slope = moved[:, 0, 24, 8] - moved[:, 0, 8, 8]
    expected = (straight[0, 24, 8] - straight[0, 8, 8]) * 8 / 9
    assert torch.allclose(slope, expected.expand_as(slope), rtol=0.05)


def test_erasing_has_the_colour_of_torchreids(people):
    torch.manual_seed(0)
    found, straight = transforms(["random_erase"])(people), plain(people)
    changed = (found != straight).any(dim=1)
    assert changed.flatten(1).any(dim=1).float().mean() == pytest.approx(0.5, abs=0.1)
    colours = found.permute(0, 2, 3, 1)[changed]
    assert torch.equal(colours, torch.tensor([0.485, 0.456, 0.406]).expand_as(colours))


@pytest.mark.parametrize(
    ("value", "fill"), [(0.25, 0.25), ((0.25, 0.25, 0.25), 0.25), ("random", 0)]
)
def test_torchvisions_erasing(people, value, fill):
    """A script may have it in place of torchreid's, under the same name."""
    erasing = RandomErasing(p=1.0, value=value)
    found = BatchTransforms(Compose([erasing]), SIZE, to_imagenet)(people)
    changed = (found - plain(people)).abs().amax(dim=1) > 1e-5
    assert changed.flatten(1).any(dim=1).all()
    assert found.permute(0, 2, 3, 1)[changed].unique().tolist() == [fill]


def test_nobody(people):
    assert transforms(["random_flip", "random_crop"])(people[:0]).shape == (0, 3, *SIZE)


def test_mmengines_input_is_erased_as_torchreids():
    names = ["random_erase"]
    train, _ = torchreid_module("data.transforms").build_transforms(*SIZE, transforms=names)
    fill = torch.tensor(train.transforms[-1].mean)
    out = ReIDInput(SIZE, crop=0.0, erase=1.0)(torch.ones(8, 3, *SIZE), augment=True)
    assert torch.allclose(out.flatten(2).amin(dim=2), fill.expand(8, 3))
