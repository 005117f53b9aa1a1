"""The two ways in which images are fed to networks, and the only functions that convert them.

The generator takes and gives [-1, 1]; re-ID networks expect ImageNet's mean and deviation. Feeding
one to the other is the classic mistake of GAN augmentation.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from posegan_plugin.transfer import send

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


def from_uint8(images: Tensor) -> Tensor:
    """uint8 (B, 3, H, W) in [0, 255] -> float32 in [-1, 1]."""
    return images.float().div_(127.5).sub_(1.0)


def to_imagenet(
    images: Tensor, mean: Sequence[float] = IMAGENET_MEAN, std: Sequence[float] = IMAGENET_STD
) -> Tensor:
    """Float (B, 3, H, W) in [-1, 1] -> ImageNet-normalised, differentiable.

    Args:
        images: The images.
        mean: Another mean of the three channels, for networks that were trained with one.
        std: Another deviation, likewise.
    """
    mean, std = channel_values(mean, images), channel_values(std, images)
    return torch.addcmul((0.5 - mean) / std, images, 0.5 / std)


def from_imagenet(
    images: Tensor, mean: Sequence[float] = IMAGENET_MEAN, std: Sequence[float] = IMAGENET_STD
) -> Tensor:
    """Inverse of :func:`to_imagenet`."""
    return ((images * channel_values(std, images) + channel_values(mean, images)) - 0.5) * 2.0


def resize_images(images: Tensor, size: tuple[int, int]) -> Tensor:
    """Bilinear (antialiased) resize of (B, 3, H, W) to (height, width); itself if already so."""
    if tuple(images.shape[-2:]) == tuple(size):
        return images
    if not len(images):  # not every version of torch resizes nothing
        return images.new_zeros(0, images.shape[1], *size)
    # Enlarging is the same with and without antialiasing, but for the time it takes.
    shrinking = images.shape[-2] > size[0] or images.shape[-1] > size[1]
    # Under AMP a generator draws in bfloat16, which torch cannot shrink on a CPU.
    wide = images.to(torch.promote_types(images.dtype, torch.float32))
    resized = F.interpolate(
        wide, size=tuple(size), mode="bilinear", align_corners=False, antialias=shrinking
    )
    return resized.to(images.dtype)


def channel_values(values: Sequence[float], images: Tensor) -> Tensor:
    """One value a channel, (3, 1, 1), as the images are kept."""
    return send(torch.tensor(values, dtype=images.dtype), images.device)[:, None, None]
