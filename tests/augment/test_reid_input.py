import pytest
import torch

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
    assert torch.equal(given, before)
    erased = out == 0
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
    assert low <= (out == 0).flatten(1).any(dim=1).sum() <= high


def test_without_augmentation_only_size_and_normalisation():
    prepare = ReIDInput((48, 32), crop=1.0, erase=1.0)
    expected = to_imagenet(resize_images(images(), (48, 32)))
    assert torch.equal(prepare(images(), augment=False), expected)


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


def test_erasing_leaves_the_mean_colour():
    torch.manual_seed(0)
    prepare = ReIDInput((24, 16), crop=0.0, erase=1.0)
    out = prepare(images(20), augment=True)
    # 0 after normalisation is ImageNet's mean, whatever is done with the size.
    assert (out == 0).any(dim=1).flatten(1).any(dim=1).all()
    plain = prepare(images(20), augment=False)
    assert torch.equal(out[out != 0], plain[out != 0])


def test_gradients_reach_the_images():
    torch.manual_seed(0)
    given = images().requires_grad_()
    ReIDInput((48, 32), crop=0.5, erase=0.5)(given, augment=True).square().sum().backward()
    assert given.grad.flatten(1).any(dim=1).all()
