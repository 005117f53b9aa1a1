"""The two ways in which images are fed to networks, and the only functions that convert them.

The generator takes and gives [-1, 1]; re-ID networks expect ImageNet's mean and deviation. Feeding
one to the other is the classic mistake of GAN augmentation.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


def from_uint8(images: Tensor) -> Tensor:
    """uint8 (B, 3, H, W) in [0, 255] -> float32 in [-1, 1]."""
    return images.float().div_(127.5).sub_(1.0)


def to_imagenet(images: Tensor) -> Tensor:
    """Float (B, 3, H, W) in [-1, 1] -> ImageNet-normalised, differentiable."""
    mean, std = _statistics(images)
    return (images * 0.5 + 0.5 - mean) / std


def from_imagenet(images: Tensor) -> Tensor:
    """Inverse of :func:`to_imagenet`."""
    mean, std = _statistics(images)
    return ((images * std + mean) - 0.5) * 2.0


def resize_images(images: Tensor, size: tuple[int, int]) -> Tensor:
    """Bilinear (antialiased) resize of (B, 3, H, W) to (height, width); itself if already so."""
    if tuple(images.shape[-2:]) == tuple(size):
        return images
    return F.interpolate(
        images, size=tuple(size), mode="bilinear", align_corners=False, antialias=True
    )


def _statistics(images: Tensor) -> tuple[Tensor, Tensor]:
    mean = torch.tensor(IMAGENET_MEAN, device=images.device, dtype=images.dtype)
    std = torch.tensor(IMAGENET_STD, device=images.device, dtype=images.dtype)
    return mean[:, None, None], std[:, None, None]
