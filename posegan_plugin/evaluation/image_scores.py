"""Scores of generated images against the true target image, with a fixed protocol.

**SSIM** is that of Wang et al. (2004): Gaussian window with sigma 1.5 and 11 taps, population
covariance, mean over channels and over all positions whose window lies inside the image. The outer
5 pixels, which see padding, are left out as in scikit-image. torchmetrics leaves them out in some
versions and not in others (1.0 does, 1.6 and 1.9 do not), which moves the score by up to 0.02 on
128x64 images, so its SSIM map is taken and the border cut off here.

The data range is a constant, 2 for images in [-1, 1]. A range taken from the images themselves,
as in much published code, makes the score depend on the brightness of what was generated.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from posegan_plugin.errors import UserError

DATA_RANGE = 2.0
_BORDER = 5  # half of the 11-tap window
_CHUNK = 64  # images scored at a time by trivial_answers


def ssim(generated: Tensor, target: Tensor) -> Tensor:
    """Structural similarity of every image, with the fixed data range 2.

    Args:
        generated: (B, C, H, W) float in [-1, 1], at least 11 pixels high and wide.
        target: the same shape and range.

    Returns:
        (B,) float32, at most 1, which means equal.

    Raises:
        ValueError: if an image is smaller than the window.
    """
    return _ssim(generated.float(), target.float())


def ssim_patn(generated: Tensor, target: Tensor) -> Tensor:
    """SSIM with the data range of each generated image, only to compare with published tables.

    This is the protocol of PATN's scoring script, which later pose-transfer papers reuse: the data
    range is the difference between the brightest and the darkest value of the generated image. A
    flat picture is marked more strictly than a rich one, so do not judge own work by it.

    Args:
        generated: (B, C, H, W) float in [-1, 1], at least 11 pixels high and wide.
        target: the same shape and range.

    Returns:
        (B,) float32, at most 1, which means equal.

    Raises:
        ValueError: if an image is smaller than the window.
    """
    generated, target = generated.float(), target.float()
    # Scaling both images is the same as scaling the range, and lets one call score the batch. A
    # range below one step of an 8-bit image would be none at all.
    data_range = generated.amax(dim=(1, 2, 3)) - generated.amin(dim=(1, 2, 3))
    scale = (DATA_RANGE / data_range.clamp(min=DATA_RANGE / 255))[:, None, None, None]
    return _ssim(generated * scale, target * scale)


def _ssim(generated: Tensor, target: Tensor) -> Tensor:
    if min(generated.shape[-2:]) < 2 * _BORDER + 1:
        size = tuple(generated.shape[-2:])
        raise ValueError(f"SSIM needs images of at least 11x11 pixels, not {size}")
    # Here, because torchmetrics takes long to import.
    from torchmetrics.functional.image import structural_similarity_index_measure

    _, per_pixel = structural_similarity_index_measure(
        generated,
        target,
        sigma=1.5,
        reduction="none",
        data_range=DATA_RANGE,
        return_full_image=True,
    )
    inside = slice(_BORDER, -_BORDER)
    return per_pixel[:, :, inside, inside].mean(dim=(1, 2, 3))


def psnr(generated: Tensor, target: Tensor) -> Tensor:
    """Peak signal-to-noise ratio of every image in dB, with the fixed data range 2.

    Args:
        generated: (B, C, H, W) float in [-1, 1].
        target: the same shape and range.

    Returns:
        (B,) float32; inf for equal images.
    """
    from torchmetrics.functional.image import peak_signal_noise_ratio

    return peak_signal_noise_ratio(
        generated.float(),
        target.float(),
        data_range=DATA_RANGE,
        reduction="none",
        dim=(1, 2, 3),
    )


def trivial_answers(
    conditions: Tensor,
    targets: Tensor,
    target_camids: Tensor | None = None,
    mean_image: Tensor | None = None,
    camera_means: Mapping[int, Tensor] | None = None,
    blur_sigmas: Sequence[float] = (1.0, 2.0, 3.0, 4.0),
) -> dict[str, float]:
    """Mean SSIM of answers that need no generator, which a generator has to beat.

    SSIM rewards fog, so on small, varied images a blurred copy or the mean of the training images
    can come close to published generators. Give the whole evaluation set at once, since the best
    blur is chosen for the set and not for each image.

    Args:
        conditions: (N, C, H, W) condition images in [-1, 1].
        targets: (N, C, H, W) true target images in [-1, 1].
        target_camids: (N,) cameras of the targets; needed with ``camera_means``.
        mean_image: (C, H, W) mean of the training images.
        camera_means: mean of the training images of each camera, (C, H, W), by camera.
        blur_sigmas: widths in pixels of the Gaussian blurs to try; empty leaves the blur out.

    Returns:
        Mean SSIM in the order "copy", "blurred_copy" (the best blur), "mean_image",
        "camera_mean"; answers whose arguments are missing are left out.

    Raises:
        UserError: if a target's camera has no mean image, or cameras are missing altogether.
    """
    answers = {"copy": _mean_ssim(lambda part: conditions[part], targets)}
    if blur_sigmas:
        answers["blurred_copy"] = max(
            _mean_ssim(lambda part, sigma=sigma: gaussian_blur(conditions[part], sigma), targets)
            for sigma in blur_sigmas
        )
    if mean_image is not None:
        answers["mean_image"] = _mean_ssim(
            lambda part: mean_image.expand_as(targets[part]), targets
        )
    if camera_means is not None:
        camids = [] if target_camids is None else target_camids.tolist()
        missing = sorted(set(camids) - set(camera_means))
        if missing or len(camids) != len(targets):
            raise UserError(
                f"The mean image of the target's camera needs the camera of all {len(targets)} "
                f"targets ({len(camids)} given) and a mean of each (missing: {missing})."
            )
        answers["camera_mean"] = _mean_ssim(
            lambda part: torch.stack([camera_means[camid] for camid in camids[part]]), targets
        )
    return answers


def _mean_ssim(answer: Callable[[slice], Tensor], targets: Tensor) -> float:
    """Mean SSIM of the images ``answer`` gives for each slice of the targets."""
    parts = [slice(start, start + _CHUNK) for start in range(0, len(targets), _CHUNK)]
    return torch.cat([ssim(answer(part), targets[part]) for part in parts]).mean().item()


def gaussian_blur(images: Tensor, sigma: float) -> Tensor:
    """Blur images with a Gaussian that repeats the edge pixels outside.

    Args:
        images: (B, C, H, W), any floating type.
        sigma: width in pixels, above 0.

    Returns:
        (B, C, H, W) float32.
    """
    images = images.float()
    radius = int(3 * sigma + 0.5)
    x = torch.arange(-radius, radius + 1, device=images.device, dtype=torch.float32)
    kernel = torch.exp(-0.5 * (x / sigma) ** 2)
    kernel = (kernel / kernel.sum()).expand(images.shape[1], 1, -1)
    rows = F.pad(images, (radius, radius, 0, 0), mode="replicate")
    rows = F.conv2d(rows, kernel[:, :, None, :], groups=images.shape[1])
    columns = F.pad(rows, (0, 0, radius, radius), mode="replicate")
    return F.conv2d(columns, kernel[:, :, :, None], groups=images.shape[1])
