"""From people in [-1, 1] to what the re-ID network sees: size, crop, erasing, normalisation."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from posegan_plugin.images import IMAGENET_MEAN, channel_values, resize_images, to_imagenet
from posegan_plugin.transfer import send


class ReIDInput(nn.Module):
    """Resizes, augments (in training only) and normalises images for the re-ID network.

    The augmentation works on the whole batch where it lies and is differentiable, so that the
    gradients of the re-ID losses reach a generator. Random numbers come from the CPU's default
    generator: the same on every device.

    Args:
        size: (height, width) that the re-ID network takes.
        crop: Probability that an image is enlarged by one eighth and cropped at random (torchreid's
            ``random_crop``: 0.5).
        erase: Probability that a random rectangle is filled with a light grey (torchreid's
            ``random_erase``: 0.5).
    """

    def __init__(self, size: tuple[int, int], crop: float = 0.5, erase: float = 0.0) -> None:
        super().__init__()
        self.size = (int(size[0]), int(size[1]))
        self.crop = crop
        self.erase = erase

    def forward(self, images: Tensor, augment: bool) -> Tensor:
        """Prepare images.

        Args:
            images: Float (B, 3, H, W) in [-1, 1].
            augment: Whether to crop and erase at random.

        Returns:
            (B, 3, *size) with ImageNet's mean and deviation.
        """
        # Weights of a resampling sum to one: it may as well come after the normalisation, which
        # then has the fewest pixels to do.
        images = to_imagenet(_shrink(images, self.size))
        if augment and self.crop > 0:
            images = random_crop(images, self.size, self.crop)
        else:
            images = resize_images(images, self.size)
        return random_erase(images, self.erase) if augment and self.erase > 0 else images


def random_crop(images: Tensor, size: tuple[int, int], probability: float) -> Tensor:
    """Enlarge by 9/8 and cut out a window at random, with a probability for each image.

    Args:
        images: (B, C, H, W).
        size: (height, width) of the result.
        probability: In [0, 1].

    Returns:
        (B, C, *size); images that are not cropped are only resized.
    """
    count = len(images)
    images = _shrink(images, size)
    cropped = torch.rand(count) < probability
    zoom = torch.where(cropped, 8 / 9, 1.0)
    # The window of relative size `zoom` may be moved by +-(1 - zoom) in coordinates of [-1, 1].
    shift = (torch.rand(count, 2) * 2 - 1) * (1 - zoom)[:, None]
    # Rows and columns apart: affine_grid's matrix product takes as long as the sampling itself.
    windows = send(torch.cat((zoom[:, None], shift), dim=1), images.device)
    x = windows[:, :1] * _centres(size[1], images.device) + windows[:, 1:2]
    y = windows[:, :1] * _centres(size[0], images.device) + windows[:, 2:]
    grid = torch.stack(torch.broadcast_tensors(x[:, None, :], y[:, :, None]), dim=-1)
    return F.grid_sample(images, grid.to(images), padding_mode="border", align_corners=False)


def _shrink(images: Tensor, size: tuple[int, int]) -> Tensor:
    """Smooth what is larger than wanted: sampling takes the nearest pixels only."""
    height, width = images.shape[-2:]
    return resize_images(images, (min(height, size[0]), min(width, size[1])))


def _centres(count: int, device: torch.device) -> Tensor:
    """Where pixels lie in coordinates of [-1, 1] (count,)."""
    return (2 * torch.arange(count, device=device) + 1) / count - 1


def random_erase(
    images: Tensor,
    probability: float,
    area: tuple[float, float] = (0.02, 0.4),
    aspect: float = 0.3,
    fill: tuple[float, ...] = IMAGENET_MEAN,
) -> Tensor:
    """Fill a random rectangle with one colour.

    Args:
        images: Normalised (B, C, H, W).
        probability: In [0, 1], for each image.
        area: Smallest and largest share of the image that is erased.
        aspect: Smallest height to width ratio; the largest is its inverse.
        fill: Value of each channel there. The default is torchreid's: ImageNet's mean, in images that
            it has been subtracted from already, so half a deviation above the mean colour. The mean
            colour itself, 0, is worth less (docs/reid_log.md).

    Returns:
        A new tensor; the images given are not changed.
    """
    count, _, height, width = images.shape
    chosen = torch.rand(count) < probability
    share = torch.empty(count).uniform_(*area) * height * width
    ratio = torch.empty(count).uniform_(aspect, 1 / aspect)
    h = (share * ratio).sqrt().round().clamp(1, height)
    w = (share / ratio).sqrt().round().clamp(1, width)
    top = (torch.rand(count) * (height - h + 1)).floor()
    left = (torch.rand(count) * (width - w + 1)).floor()
    rows, columns = torch.arange(height), torch.arange(width)
    in_rows = (rows >= top[:, None]) & (rows < (top + h)[:, None])
    in_columns = (columns >= left[:, None]) & (columns < (left + w)[:, None])
    erased = in_rows[:, None, :, None] & in_columns[:, None, None, :] & chosen[:, None, None, None]
    return torch.where(send(erased, images.device), channel_values(fill, images), images)
