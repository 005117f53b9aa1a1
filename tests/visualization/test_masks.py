import numpy as np
import pytest
from skimage.transform import resize

from posegan_plugin.visualization.masks import colour_bar, mask_over_image, mean_mask

IMAGE = np.random.default_rng(0).integers(0, 256, (64, 32, 3), dtype=np.uint8)


def brightness(picture):
    return picture.astype(float).mean()


def test_mean_over_the_channels():
    mask = np.stack([np.zeros((2, 3)), np.ones((2, 3)), np.full((2, 3), 0.5)])
    np.testing.assert_allclose(mean_mask(mask), 0.5)
    assert mean_mask(mask[1:2].astype(np.float16)).dtype == np.float32


def test_the_picture_follows_the_mask():
    low, high = (mask_over_image(IMAGE, np.full((4, 2), value)) for value in (0.0, 1.0))
    assert low.shape == IMAGE.shape
    assert low.dtype == np.uint8
    assert brightness(high) > brightness(low) + 40
    left = np.tile([1.0, 0.0], (4, 1))
    picture = mask_over_image(IMAGE, left)
    np.testing.assert_array_equal(picture[:, :8], high[:, :8])
    np.testing.assert_array_equal(picture[:, -8:], low[:, -8:])


def test_the_image_shows_through():
    black, white = (np.full((64, 32, 3), value, np.uint8) for value in (0, 255))
    mask = np.full((4, 2), 0.3)
    difference = mask_over_image(white, mask).astype(int) - mask_over_image(black, mask)
    assert set(np.unique(difference)) <= {89, 90}  # 0.35 of 255


def test_limits_stretch_the_colours():
    narrow = np.linspace(0.4, 0.6, 8).reshape(4, 2)
    stretched = mask_over_image(IMAGE, narrow, (0.4, 0.6))
    np.testing.assert_allclose(stretched, mask_over_image(IMAGE, (narrow - 0.4) / 0.2), atol=1)
    outside = mask_over_image(IMAGE, np.full((4, 2), 7.0), (0.4, 0.6))
    np.testing.assert_array_equal(outside, mask_over_image(IMAGE, np.ones((4, 2))))


def test_equal_limits():
    flat = mask_over_image(IMAGE, np.full((4, 2), 0.5), (0.5, 0.5))
    np.testing.assert_array_equal(flat, mask_over_image(IMAGE, np.zeros((4, 2))))


def test_small_masks_are_brought_to_the_image_smoothly():
    mask = np.random.default_rng(1).random((8, 4))
    reference = resize(mask, (64, 32), order=1, mode="edge", anti_aliasing=False)
    large, small = mask_over_image(IMAGE, reference), mask_over_image(IMAGE, mask)
    np.testing.assert_allclose(large, small, atol=2)


@pytest.mark.parametrize("size", [(12, 120), (1, 2)])
def test_the_bar_goes_from_the_first_colour_to_the_last(size):
    bar = colour_bar(size)
    assert bar.shape == (*size, 3)
    black = np.zeros((1, 1, 3), np.uint8)
    ends = [mask_over_image(black, np.full((1, 1), v))[0, 0] for v in (0.0, 1.0)]
    np.testing.assert_allclose(0.65 * bar[0, [0, -1]], ends, atol=0.5)
    assert (np.diff(bar.astype(int).sum(axis=2), axis=1) >= -12).all()
