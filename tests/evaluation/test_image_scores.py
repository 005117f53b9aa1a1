import numpy as np
import pytest
import torch

from posegan_plugin.evaluation.image_scores import (
    mask_ssim,
    mask_ssim_patn,
    psnr,
    ssim,
    ssim_patn,
)


def skimage_ssim(generated, target, data_range=255, full=False):
    """scikit-image's score of images in [-1, 1], as the 8-bit images that they stand for."""
    metrics = pytest.importorskip("skimage.metrics")
    return metrics.structural_similarity(
        *(((image.permute(1, 2, 0).double() + 1) * 127.5).numpy() for image in (generated, target)),
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        data_range=data_range,
        channel_axis=2,
        full=full,
    )


TOLERANCE = 2e-7  # scores are returned in float32


def test_ssim_equals_skimage(random_images):
    generated, target = random_images()
    expected = [skimage_ssim(a, b) for a, b in zip(generated, target, strict=True)]
    assert ssim(generated, target).numpy() == pytest.approx(expected, abs=TOLERANCE)
    assert max(expected) - min(expected) > 10 * TOLERANCE


def test_ssim_patn_equals_skimage_with_the_range_of_the_generated_image(random_images):
    generated, target = random_images()
    # Different ranges in one batch.
    generated = generated * torch.tensor([1.0, 0.7, 0.4, 0.1])[:, None, None, None]
    expected = [
        skimage_ssim(a, b, 127.5 * (a.max() - a.min()).item())
        for a, b in zip(generated, target, strict=True)
    ]
    assert ssim_patn(generated, target).numpy() == pytest.approx(expected, abs=TOLERANCE)
    assert abs(ssim(generated, target) - ssim_patn(generated, target)).max() > 0.01


def test_the_border_is_left_out(random_images):
    generated, target = random_images(1)
    whole = skimage_ssim(generated[0], target[0], full=True)[1]
    assert whole.shape == (48, 32, 3)
    assert ssim(generated, target).item() == pytest.approx(whole[5:-5, 5:-5].mean(), abs=TOLERANCE)
    assert abs(ssim(generated, target).item() - whole.mean()) > 1e-4


def test_data_range_is_fixed(random_images):
    # Brightness that one image adds to the batch must not change the score of another.
    generated, target = random_images()
    alone = ssim(generated[:1] * 0.1, target[:1] * 0.1)
    together = ssim(
        torch.cat([generated[:1] * 0.1, torch.ones(1, 3, 48, 32)]),
        torch.cat([target[:1] * 0.1, -torch.ones(1, 3, 48, 32)]),
    )
    assert torch.allclose(alone, together[:1])


@pytest.mark.parametrize("score", [ssim, ssim_patn])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_equal_images_score_one(random_images, score, dtype):
    image = random_images(2)[0].to(dtype)
    result = score(image, image)
    assert result.dtype == torch.float32
    assert result.tolist() == pytest.approx([1, 1])


def test_flat_images_by_hand():
    # Without variance only (2ab + c1) / (a^2 + b^2 + c1) is left, with c1 = (0.01 * 2)^2; a and b
    # count from black.
    a, b = torch.full((1, 3, 16, 16), 0.5), torch.full((1, 3, 16, 16), -0.25)
    expected = (2 * 1.5 * 0.75 + 4e-4) / (1.5**2 + 0.75**2 + 4e-4)
    assert ssim(a, b).item() == pytest.approx(expected, abs=1e-5)
    assert ssim_patn(a, b).isfinite()


@pytest.mark.parametrize("size", [(10, 32), (32, 10)])
def test_images_smaller_than_the_window(size):
    with pytest.raises(ValueError, match="11x11"):
        ssim(torch.zeros(1, 3, *size), torch.zeros(1, 3, *size))


def test_smallest_image_has_one_window(random_images):
    generated, target = random_images(2, 11, 11)
    expected = [skimage_ssim(a, b) for a, b in zip(generated, target, strict=True)]
    assert ssim(generated, target).numpy() == pytest.approx(expected, abs=TOLERANCE)


@pytest.fixture
def masks():
    """Two rectangles, one of which reaches into the border, and a single pixel."""
    masks = torch.zeros(3, 48, 32, dtype=torch.bool)
    masks[0, 10:30, 8:20] = True
    masks[1, :20, :16] = True
    masks[2, 24, 16] = True
    return masks


def test_mask_ssim_is_the_mean_of_skimages_map_over_the_mask(random_images, masks):
    generated, target = random_images(3)
    expected = []
    for a, b, mask in zip(generated, target, masks.numpy(), strict=True):
        mask[:5] = mask[-5:] = mask[:, :5] = mask[:, -5:] = False
        expected.append(skimage_ssim(a, b, full=True)[1].mean(axis=2)[mask].mean())
    assert mask_ssim(generated, target, masks).numpy() == pytest.approx(expected, abs=TOLERANCE)
    assert abs(mask_ssim(generated, target, masks) - ssim(generated, target)).min() > 1e-3


def test_mask_ssim_of_everything_is_ssim(random_images):
    generated, target = random_images()
    everything = torch.ones(4, 48, 32, dtype=torch.bool)
    whole = mask_ssim(generated, target, everything)
    assert torch.allclose(whole, ssim(generated, target), atol=1e-6)
    whole = mask_ssim_patn(generated, target, everything)
    assert torch.allclose(whole, ssim_patn(generated, target), atol=1e-6)


def test_mask_ssim_patn_is_of_images_that_are_black_outside_the_mask(random_images, masks):
    images = random_images(3)
    expected = []
    for generated, target, mask in zip(*images, masks, strict=True):
        a, b = ((image + 1) * mask - 1 for image in (generated, target))
        expected.append(skimage_ssim(a, b, 127.5 * (a.max() - a.min()).item()))
    assert mask_ssim_patn(*images, masks).numpy() == pytest.approx(expected, abs=TOLERANCE)


def test_images_without_a_person_have_no_mask_ssim(random_images):
    images = random_images(2)
    mask = torch.zeros(2, 48, 32, dtype=torch.bool)
    mask[1, :5] = True  # where no window fits
    assert mask_ssim(*images, mask).isnan().all()
    assert mask_ssim_patn(*images, mask).isnan().tolist() == [True, False]


def test_psnr_by_hand():
    target = torch.zeros(3, 3, 4, 4)
    generated = torch.stack([torch.full((3, 4, 4), value) for value in (0.2, 2.0, 0.0)])
    # 10 log10(2^2 / error^2)
    assert psnr(generated, target).tolist() == pytest.approx([20, 0, np.inf])


def test_psnr_equals_skimage(random_images):
    metrics = pytest.importorskip("skimage.metrics")
    generated, target = random_images()
    expected = [
        metrics.peak_signal_noise_ratio(b.double().numpy(), a.double().numpy(), data_range=2.0)
        for a, b in zip(generated, target, strict=True)
    ]
    assert psnr(generated, target).tolist() == pytest.approx(expected, abs=1e-4)
