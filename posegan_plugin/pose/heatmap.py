"""Gaussian maps of joints, drawn where and when a network needs them."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from posegan_plugin.errors import UserError
from posegan_plugin.pose.transforms import resize_keypoints

SIGMA_AT_128 = 6.0
"""Default standard deviation in pixels on a map 128 pixels high."""


def render_heatmaps(
    keypoints: Tensor,
    image_size: tuple[int, int],
    size: tuple[int, int] | None = None,
    sigma: float | None = None,
    dtype: torch.dtype | None = None,
    memory_format: torch.memory_format = torch.contiguous_format,
) -> Tensor:
    """Draw one Gaussian per joint, of height 1 at the joint's place.

    Map (b, j) is exp(-((u - x)^2 + (v - y)^2) / (2 sigma^2)) at pixel (v, u), where x, y is the
    joint in pixels of `size` (pixel centres at integers, see `pose.transforms`). A joint between
    pixels is drawn where it is, one outside the image shows the part that reaches in.

    Args:
        keypoints: Key points (B, 18, 3) as x, y in pixels of `image_size` and score.
        image_size: Height and width of the image that the key points belong to.
        size: Height and width (h, w) of the maps. Defaults to None, the size of the image.
        sigma: Standard deviation in pixels of `size`. Defaults to None, 6 px at a height of 128
            and in proportion at other heights.
        dtype: Floating dtype of the maps. Defaults to None, the dtype of the key points.
        memory_format: ``torch.channels_last`` for networks that work so.

    Returns:
        Maps (B, 18, h, w) in [0, 1] on the device of the key points. They are all zero for a
        missing joint: one with score 0 or less, or one whose x or y is NaN.

    Raises:
        UserError: `sigma` is not above 0.
        ValueError: `dtype` is not a floating dtype.

    Example:
        >>> keypoints = torch.zeros(1, 18, 3)
        >>> keypoints[0, 0] = torch.tensor([20.0, 9.0, 1.0])
        >>> maps = render_heatmaps(keypoints, image_size=(128, 64))
        >>> maps.shape, maps[0, 0, 9, 20].item(), maps[0, 1].max().item()
        (torch.Size([1, 18, 128, 64]), 1.0, 0.0)
    """
    height, width = size or image_size
    if sigma is None:
        sigma = SIGMA_AT_128 / 128 * height
    if not sigma > 0:
        raise UserError(f"sigma is {sigma}; give a heatmap width in pixels above 0, or None.")
    dtype = dtype or keypoints.dtype
    if not dtype.is_floating_point:
        # Rounded to whole numbers, a Gaussian of height 1 is a single pixel.
        raise ValueError(f"Heatmaps cannot have the dtype {dtype}; use a floating one.")

    # Half precision has no room for pixel coordinates; float64 stays float64.
    points = keypoints.to(torch.promote_types(keypoints.dtype, torch.float32))
    x, y, score = resize_keypoints(points, image_size, (height, width)).unbind(-1)
    there = (score > 0) & ~x.isnan() & ~y.isnan()
    x, y = (c.where(there, math.inf) for c in (x, y))
    # A Gaussian of x and y is the product of two 1-D Gaussians: h + w exponentials, not h * w.
    if memory_format == torch.channels_last:
        rows = _gaussian(y[:, None, None], sigma, height, 1, 1)
        columns = _gaussian(x[:, None, None], sigma, 1, width, 1)
        return (rows * columns).to(dtype).permute(0, 3, 1, 2)
    rows = _gaussian(y[:, :, None, None], sigma, height, 1)
    columns = _gaussian(x[:, :, None, None], sigma, 1, width)
    return (rows * columns).to(dtype)


def _gaussian(centre: Tensor, sigma: float, *shape: int) -> Tensor:
    """1-D Gaussians around `centre`, along the axis of ``shape`` that is not 1."""
    pixels = torch.arange(max(shape), dtype=centre.dtype, device=centre.device).view(shape)
    exponents = (pixels - centre).mul_(math.sqrt(0.5) / sigma).square_().neg_()
    # exp takes ten times as long where it underflows; squared, as for missing joints, this is 0.
    smallest = math.ceil(math.log(torch.finfo(centre.dtype).tiny))
    return exponents.clamp_(min=smallest).exp_()
