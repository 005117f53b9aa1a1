import pytest
import torch
from torch.nn import functional as F

from posegan_plugin.augment import ReIDInput, random_crop, random_erase
from posegan_plugin.images import resize_images, to_imagenet


def images(count=4, height=24, width=16, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(count, 3, height, width, generator=generator) * 2 - 1


@pytest.mark.parametrize("size", [(24, 16), (48, 32), (36, 20), (12, 8), (16, 24), (48, 8)])
def test_crop_with_probability_0_is_a_plain_resize(size):
    expected = resize_images(images(), size)
    assert torch.allclose(random_crop(images(), size, 0.0), expected, atol=1e-5)


def gradients(count, height, width):
    """Images whose first channel is x and whose second is y of the pixel."""
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    return torch.stack((x, y, 0 * x)).float().expand(count, -1, -1, -1)


@pytest.mark.parametrize("size", [(72, 36), (144, 72)])
def test_crop_is_a_window_of_eight_ninths_somewhere_inside(size):
    torch.manual_seed(0)
    height, width = 72, 36
    out = random_crop(gradients(300, height, width), size, 1.0)
    assert out.shape == (300, 3, *size)
    inside = out[:, :, 8:-8, 8:-8]
    for channel, dim, given, wanted in ((0, -1, width, size[1]), (1, -2, height, size[0])):
        # One pixel of the result is 8/9 of a pixel of the resized image.
        step = inside[:, channel].diff(dim=dim)
        assert torch.allclose(step, torch.full_like(step, 8 / 9 * given / wanted), atol=1e-3)
        # The window's centre moves by up to 1/18 of the side to either end.
        centre = inside[:, channel].mean((1, 2)) - (given - 1) / 2
        assert centre.abs().max() <= given / 18 + 1e-3
        assert centre.min() < -0.9 * given / 18
        assert centre.max() > 0.9 * given / 18


@pytest.mark.parametrize("size", [(24, 16), (48, 32), (30, 50)])
def test_crop_is_the_affine_map_of_its_window(size):
    """The same as torch's own grid of a zoom and a shift for each image."""
    torch.manual_seed(5)
    zoom = torch.where(torch.rand(8) < 0.6, 8 / 9, 1.0)
    theta = torch.diag_embed(zoom[:, None].expand(-1, 2))
    shift = (torch.rand(8, 2) * 2 - 1) * (1 - zoom)[:, None]
    theta = torch.cat((theta, shift[..., None]), -1)
    grid = F.affine_grid(theta, [8, 1, *size], align_corners=False)
    given = images(8).requires_grad_()
    expected = F.grid_sample(given, grid, padding_mode="border", align_corners=False)
    torch.manual_seed(5)
    out = random_crop(given, size, 0.6)
    assert torch.allclose(out, expected, atol=1e-5)
    own, theirs = (torch.autograd.grad(o.square().sum(), given)[0] for o in (out, expected))
    assert torch.allclose(own, theirs, atol=1e-3, rtol=1e-4)


def test_probability_is_for_each_image():
    torch.manual_seed(0)
    given = images(300)
    out = random_crop(given, (24, 16), 0.3)
    same = torch.isclose(out, given, atol=1e-5).all(dim=(1, 2, 3))
    assert 180 < same.sum() < 240


def test_crop_is_differentiable():
    torch.manual_seed(0)
    given = images(2).requires_grad_()
    random_crop(given, (24, 16), 1.0).sum().backward()
    assert given.grad.isfinite().all()
    assert (given.grad[:, :, 6:-6, 6:-6] > 0).all()


def test_crop_is_random_by_the_cpu_seed():
    def draw(seed):
        torch.manual_seed(seed)
        return random_crop(images(), (24, 16), 1.0)

    assert torch.equal(draw(0), draw(0))
    assert not torch.allclose(draw(0), draw(1))


def test_erase_fills_one_rectangle_of_plausible_area():
    torch.manual_seed(0)
    height, width = 60, 30
    given = torch.rand(300, 3, height, width) + 1
    before = given.clone()
    out = random_erase(given, 1.0)
    grey = torch.tensor([0.485, 0.456, 0.406])[:, None, None]  # as torchreid's
    assert torch.equal(given, before)
    erased = out < 1
    assert torch.equal(out[erased], grey.expand_as(out)[erased])
    assert torch.equal(erased[:, 0], erased[:, 1])
    assert torch.equal(erased[:, 0], erased[:, 2])
    assert torch.equal(out[~erased], given[~erased])
    shares, ratios = [], []
    for mask in erased[:, 0]:
        rows, columns = mask.any(dim=1).nonzero(), mask.any(dim=0).nonzero()
        h = (rows.max() - rows.min() + 1).item()
        w = (columns.max() - columns.min() + 1).item()
        assert mask.sum() == h * w  # one full rectangle
        shares.append(h * w / (height * width))
        if h < height and w < width:
            ratios.append(h / w)
    assert 0.01 < min(shares) < 0.06
    assert 0.3 < max(shares) < 0.42
    assert min(ratios) < 0.6
    assert max(ratios) > 1.7
    assert max(ratios) < 4
    # Every row and every column is reached now and then.
    assert erased[:, 0].any(dim=0).any(dim=0).all()
    assert erased[:, 0].any(dim=0).any(dim=1).all()


@pytest.mark.parametrize(("probability", "low", "high"), [(0.0, 0, 0), (0.5, 110, 190)])
def test_erase_probability(probability, low, high):
    torch.manual_seed(0)
    out = random_erase(torch.ones(300, 3, 20, 10), probability)
    assert low <= (out != 1).flatten(1).any(dim=1).sum() <= high


@pytest.mark.parametrize("size", [(48, 32), (24, 16), (12, 8), (48, 8), (36, 20)])
def test_without_augmentation_only_size_and_normalisation(size):
    prepare = ReIDInput(size, crop=1.0, erase=1.0)
    expected = to_imagenet(resize_images(images(), size))
    assert torch.allclose(prepare(images(), augment=False), expected, atol=1e-5)


@pytest.mark.parametrize("size", [(48, 32), (24, 16), (12, 8), (48, 8)])
def test_normalising_before_the_crop_is_normalising_after_it(size):
    torch.manual_seed(0)
    out = ReIDInput(size, crop=0.7)(images(20), augment=True)
    torch.manual_seed(0)
    assert torch.allclose(out, to_imagenet(random_crop(images(20), size, 0.7)), atol=1e-5)


def test_with_both_off_augmentation_changes_nothing():
    prepare = ReIDInput((48, 32), crop=0.0, erase=0.0)
    assert torch.equal(prepare(images(), augment=True), prepare(images(), augment=False))


def test_default_crops_half_of_the_images_and_does_not_erase():
    torch.manual_seed(0)
    prepare = ReIDInput((24, 16))
    given = images(100)
    out, plain = prepare(given, augment=True), prepare(given, augment=False)
    same = torch.isclose(out, plain, atol=1e-4).all(dim=(1, 2, 3))
    assert 30 < same.sum() < 70
    assert not (out == 0).flatten(1).any()


def test_erasing_fills_with_torchreids_grey():
    torch.manual_seed(0)
    prepare = ReIDInput((24, 16), crop=0.0, erase=1.0)
    out = prepare(images(20), augment=True)
    erased = (out == torch.tensor([0.485, 0.456, 0.406])[:, None, None]).all(dim=1)
    assert erased.flatten(1).any(dim=1).all()
    kept = ~erased[:, None].expand_as(out)
    assert torch.equal(out[kept], prepare(images(20), augment=False)[kept])


def test_gradients_reach_the_images():
    torch.manual_seed(0)
    given = images().requires_grad_()
    ReIDInput((48, 32), crop=0.5, erase=0.5)(given, augment=True).square().sum().backward()
    assert given.grad.flatten(1).any(dim=1).all()
