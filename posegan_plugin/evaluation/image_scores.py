"""Scores of generated images against the true target image, with a fixed protocol.

**SSIM** is that of Wang et al. (2004): Gaussian window with sigma 1.5 and 11 taps, population
covariance, mean over channels and over all positions whose window lies inside the image, so that
the outer 5 pixels are left out: what scikit-image computes, to the last digit. torchmetrics is no
reference, since it leaves the border out in some versions and not in others (1.0 does, 1.6 and 1.9
do not), which moves the score by up to 0.02 on 128x64 images.

Intensities count from black, as in that paper and in 8-bit images: what comes in [-1, 1] is scored
as [0, 2]. This is no detail, since SSIM compares local means: with mid-grey as 0 the same images of
people score about 0.1 less.

The data range is a constant, 2. A range taken from the images themselves, as in much published
code, makes the score depend on the brightness of what was generated. The ``_patn`` scores take it
from there all the same, only to compare with published tables.

Images are scored as the generator gives them, not rounded to 8 bits.
"""

from __future__ import annotations

import torch
from torch import Tensor

from posegan_plugin.ssim import BORDER, DATA_RANGE, ssim_map


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
    return ssim_map(generated.float() + 1, target.float() + 1).mean(dim=(1, 2))


def mask_ssim(generated: Tensor, target: Tensor, mask: Tensor) -> Tensor:
    """SSIM of the person: the mean of the SSIM map over a mask, with the fixed data range 2.

    The images are not masked, so the windows of pixels at the edge of the mask see the background.

    Args:
        generated: (B, C, H, W) float in [-1, 1], at least 11 pixels high and wide.
        target: the same shape and range.
        mask: (B, H, W) bool, see :func:`posegan_plugin.evaluation.person_mask.person_mask`.

    Returns:
        (B,) float32, at most 1; NaN where nothing of the mask is 5 pixels from the border.

    Raises:
        ValueError: if an image is smaller than the window.
    """
    inside = mask[:, BORDER:-BORDER, BORDER:-BORDER]
    per_window = ssim_map(generated.float() + 1, target.float() + 1)
    return (per_window * inside).sum(dim=(1, 2)) / inside.sum(dim=(1, 2))


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
    generated, target = generated.float() + 1, target.float() + 1
    # Scaling both images is the same as scaling the range, and lets one call score the batch. A
    # range below one step of an 8-bit image would be none at all.
    data_range = generated.amax(dim=(1, 2, 3)) - generated.amin(dim=(1, 2, 3))
    scale = (DATA_RANGE / data_range.clamp(min=DATA_RANGE / 255))[:, None, None, None]
    return ssim_map(generated * scale, target * scale).mean(dim=(1, 2))


def mask_ssim_patn(generated: Tensor, target: Tensor, mask: Tensor) -> Tensor:
    """Mask-SSIM of published tables: everything but the person black, then :func:`ssim_patn`.

    The mean is over the whole image. The background, black in both images, counts as a perfect
    answer, which is why these figures are near 0.8 where SSIM is near 0.3.

    Args:
        generated: (B, C, H, W) float in [-1, 1], at least 11 pixels high and wide.
        target: the same shape and range.
        mask: (B, H, W) bool, see :func:`posegan_plugin.evaluation.person_mask.person_mask`.

    Returns:
        (B,) float32, at most 1; NaN for an empty mask.

    Raises:
        ValueError: if an image is smaller than the window.
    """
    shown = mask[:, None]
    score = ssim_patn(generated.where(shown, -1.0), target.where(shown, -1.0))
    return score.where(mask.any(dim=(1, 2)), torch.nan)


def psnr(generated: Tensor, target: Tensor) -> Tensor:
    """Peak signal-to-noise ratio of every image in dB, with the fixed data range 2.

    Args:
        generated: (B, C, H, W) float in [-1, 1].
        target: the same shape and range.

    Returns:
        (B,) float32; inf for equal images.
    """
    error = (generated.float() - target.float()).square().mean(dim=(1, 2, 3))
    return 10 * torch.log10(DATA_RANGE**2 / error)
