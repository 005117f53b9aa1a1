"""What a generator is told of a pose: joint maps, with the camera's planes behind them."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from posegan_plugin.errors import UserError
from posegan_plugin.models.layers import memory_format_of
from posegan_plugin.pose import render_heatmaps


def pose_maps(
    pose: Tensor,
    image_size: tuple[int, int],
    stride: int,
    images: Tensor,
    camera: Tensor | None = None,
    num_cameras: int = 0,
) -> Tensor:
    """Joint maps at a resolution, with one-hot constant planes of a camera where there are cameras.

    Args:
        pose: Key points (B, 18, 3): x, y in pixels of the image, score.
        image_size: (H, W) of the image.
        stride: The maps have H / stride x W / stride positions.
        images: What the network works on beside the maps: they take its memory format, and its dtype
            or that of autocast.
        camera: Camera ids (B,) int64 in [0, num_cameras); needed where ``num_cameras`` > 0.
        num_cameras: Planes; 0 gives none, whatever ``camera`` is.

    Returns:
        (B, 18 + num_cameras, H / stride, W / stride) in [0, 1].
    """
    size = (image_size[0] // stride, image_size[1] // stride)
    device = images.device.type
    autocast = torch.amp.is_autocast_available(device) and torch.is_autocast_enabled(device)
    dtype = torch.get_autocast_dtype(device) if autocast else images.dtype
    layout = memory_format_of(images)
    maps = render_heatmaps(pose, image_size, size, dtype=dtype, memory_format=layout)
    if not num_cameras:
        return maps
    if camera is None:
        raise ValueError("this generator is conditioned on the camera: target_camera is needed")
    one_hot = nn.functional.one_hot(camera, num_cameras).to(maps)[:, :, None, None]
    planes = one_hot.expand(-1, -1, *size).contiguous(memory_format=layout)
    return torch.cat((maps, planes), dim=1)


def check_cameras(
    known: int, seen: int, people: str, remedy: str, generator: str = "the generator"
) -> None:
    """Refuse people whom more cameras saw than a generator is told of.

    Args:
        known: The generator's ``num_cameras``; 0: it is told none and draws for all.
        seen: Largest camera id of the people, plus one.
        people: How the message goes on, for example ``the training set has``.
        remedy: What to do, its last words.
        generator: Which one, its first.

    Raises:
        UserError: There are more.
    """
    if 0 < known < seen:
        raise UserError(f"{generator} knows {known} cameras, {people} {seen}: {remedy}")


def check_image_size(image_size: tuple[int, int]) -> None:
    """Check a generator's (height, width).

    Raises:
        UserError: It is not two multiples of 4, each at least 16.
    """
    if len(image_size) != 2 or any(side % 4 or side < 16 for side in image_size):
        raise UserError(
            f"generator image_size={tuple(image_size)} must be (height, width), each a multiple of "
            "4 and at least 16"
        )
