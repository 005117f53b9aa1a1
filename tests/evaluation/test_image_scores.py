import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torchmetrics.functional.image import structural_similarity_index_measure

import posegan_plugin
from posegan_plugin.errors import UserError
from posegan_plugin.evaluation.image_scores import (
    gaussian_blur,
    psnr,
    ssim,
    ssim_patn,
    trivial_answers,
)


def random_images(count=4, height=48, width=32, seed=0):
    """Pairs with structure at several scales, in [-1, 1]."""
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randn(2, count, 3, height, width, generator=generator)
    base = sum(gaussian_blur(noise[0], sigma) * sigma for sigma in (0.5, 1.5, 4.0))
    return base.tanh(), (base + gaussian_blur(noise[1], 1.0)).tanh()


def skimage_ssim(generated, target, data_range):
    metrics = pytest.importorskip("skimage.metrics")
    return metrics.structural_similarity(
        generated.permute(1, 2, 0).double().numpy(),
        target.permute(1, 2, 0).double().numpy(),
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        data_range=data_range,
        channel_axis=2,
    )


# Both leave out the 5 pixels at the border, where their paddings differ; what remains is the
# rounding of float32 against float64.
TOLERANCE = 5e-6


def test_ssim_equals_skimage():
    generated, target = random_images()
    expected = [skimage_ssim(a, b, 2.0) for a, b in zip(generated, target, strict=True)]
    assert ssim(generated, target).numpy() == pytest.approx(expected, abs=TOLERANCE)
    assert max(expected) - min(expected) > 10 * TOLERANCE


def test_ssim_patn_equals_skimage_with_the_range_of_the_generated_image():
    generated, target = random_images()
    # Different ranges in one batch.
    generated = generated * torch.tensor([1.0, 0.7, 0.4, 0.1])[:, None, None, None]
    expected = [
        skimage_ssim(a, b, (a.max() - a.min()).item())
        for a, b in zip(generated, target, strict=True)
    ]
    assert ssim_patn(generated, target).numpy() == pytest.approx(expected, abs=TOLERANCE)
    assert abs(ssim(generated, target) - ssim_patn(generated, target)).max() > 0.01


def test_the_border_is_left_out():
    # The mean that torchmetrics itself returns includes the border in some of its versions.
    generated, target = random_images()
    whole = structural_similarity_index_measure(
        generated, target, data_range=2.0, reduction="none", return_full_image=True
    )[1]
    assert whole.shape == target.shape
    inside = whole[:, :, 5:-5, 5:-5].mean(dim=(1, 2, 3))
    assert torch.allclose(ssim(generated, target), inside)
    assert not torch.allclose(whole.mean(dim=(1, 2, 3)), inside, atol=1e-4)


def test_data_range_is_fixed():
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
def test_equal_images_score_one(score, dtype):
    image = random_images(2)[0].to(dtype)
    result = score(image, image)
    assert result.dtype == torch.float32
    assert result.tolist() == pytest.approx([1, 1])


def test_flat_images_by_hand():
    # Without variance only (2ab + c1) / (a^2 + b^2 + c1) is left, with c1 = (0.01 * 2)^2.
    a, b = torch.full((1, 3, 16, 16), 0.5), torch.full((1, 3, 16, 16), -0.25)
    expected = (2 * 0.5 * -0.25 + 4e-4) / (0.5**2 + 0.25**2 + 4e-4)
    assert ssim(a, b).item() == pytest.approx(expected, abs=1e-5)
    assert ssim_patn(a, b).isfinite()


@pytest.mark.parametrize("size", [(10, 32), (32, 10)])
def test_images_smaller_than_the_window(size):
    with pytest.raises(ValueError, match="11x11"):
        ssim(torch.zeros(1, 3, *size), torch.zeros(1, 3, *size))


def test_smallest_image_has_one_window():
    generated, target = random_images(2, 11, 11)
    expected = [skimage_ssim(a, b, 2.0) for a, b in zip(generated, target, strict=True)]
    assert ssim(generated, target).numpy() == pytest.approx(expected, abs=TOLERANCE)


def test_psnr_by_hand():
    target = torch.zeros(3, 3, 4, 4)
    generated = torch.stack([torch.full((3, 4, 4), value) for value in (0.2, 2.0, 0.0)])
    # 10 log10(2^2 / error^2)
    assert psnr(generated, target).tolist() == pytest.approx([20, 0, np.inf])


def test_psnr_equals_skimage():
    metrics = pytest.importorskip("skimage.metrics")
    generated, target = random_images()
    expected = [
        metrics.peak_signal_noise_ratio(b.double().numpy(), a.double().numpy(), data_range=2.0)
        for a, b in zip(generated, target, strict=True)
    ]
    assert psnr(generated, target).tolist() == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("sigma", [0.7, 2.0, 4.0])
def test_blur_equals_scipy(sigma):
    ndimage = pytest.importorskip("scipy.ndimage")
    images = random_images(2, 20, 9)[0]
    expected = ndimage.gaussian_filter(
        images.double().numpy(), (0, 0, sigma, sigma), mode="nearest", truncate=3.0
    )
    assert torch.allclose(
        gaussian_blur(images, sigma).double(), torch.from_numpy(expected), atol=1e-5
    )


def test_trivial_answers_are_the_scores_of_these_pictures():
    conditions, targets = random_images(70)  # more than one chunk
    mean_image = targets.mean(dim=0)
    camids = torch.arange(70) % 2 * 3
    means = {0: targets[::2].mean(dim=0), 3: targets[1::2].mean(dim=0)}
    answers = trivial_answers(conditions, targets, camids, mean_image, means, (1.0, 3.0))
    blurs = [ssim(gaussian_blur(conditions, s), targets).mean().item() for s in (1.0, 3.0)]
    by_camera = torch.stack([means[camid] for camid in camids.tolist()])
    expected = {
        "copy": ssim(conditions, targets).mean().item(),
        "blurred_copy": max(blurs),
        "mean_image": ssim(mean_image.expand_as(targets), targets).mean().item(),
        "camera_mean": ssim(by_camera, targets).mean().item(),
    }
    assert list(answers) == list(expected)
    assert answers == pytest.approx(expected, abs=1e-6)
    assert abs(blurs[0] - blurs[1]) > 1e-3


def test_trivial_answers_without_means():
    conditions, targets = random_images(2)
    assert list(trivial_answers(conditions, targets)) == ["copy", "blurred_copy"]
    assert trivial_answers(targets, targets, blur_sigmas=()) == pytest.approx({"copy": 1.0})


@pytest.mark.parametrize("camids", [None, [0], [0, 5]])
def test_every_target_needs_a_camera_with_a_mean(camids):
    conditions, targets = random_images(2)
    camids = None if camids is None else torch.tensor(camids)
    with pytest.raises(UserError, match="camera"):
        trivial_answers(conditions, targets, camids, camera_means={0: targets[0], 1: targets[1]})


def test_importing_does_not_import_torchmetrics():
    module = "posegan_plugin.evaluation.image_scores"
    code = f"import sys, {module}; sys.exit('torchmetrics' in sys.modules)"
    root = Path(posegan_plugin.__file__).parents[1]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0
