"""Key points under the geometric changes of their image.

Coordinates: the centre of the top left pixel is (0, 0), so an image of size (H, W) covers x from
-0.5 to W - 0.5 and y from -0.5 to H - 0.5. All functions take key points (..., 18, 3) as x, y in
pixels and score (0 = missing), and return a new tensor of the same dtype on the same device.
"""

from __future__ import annotations

import torch
from torch import Tensor

from posegan_plugin.pose.skeleton import FLIP_ORDER


def flip_keypoints(keypoints: Tensor, width: int, mask: Tensor | None = None) -> Tensor:
    """Mirror people left to right, as `torch.flip(image, [-1])` does to their image.

    The mirror image of a right hand is a left hand: besides x, which becomes width - 1 - x, the
    left and right joints change places.

    Args:
        keypoints: Key points (..., 18, 3).
        width: Width of the image in pixels.
        mask: Booleans (...), true for the people to flip. Defaults to None, which flips all.

    Returns:
        Flipped key points (..., 18, 3).
    """
    x, y, score = keypoints[..., FLIP_ORDER, :].unbind(-1)
    flipped = torch.stack([width - 1 - x, y, score], dim=-1)
    if mask is None:
        return flipped
    return torch.where(mask[..., None, None], flipped, keypoints)


def resize_keypoints(
    keypoints: Tensor, old_size: tuple[int, int], new_size: tuple[int, int]
) -> Tensor:
    """Follow a resize of the image from `old_size` to `new_size`.

    Pixel centres lie at integers, hence x' = (x + 0.5) * new / old - 0.5, the rule of
    `torch.nn.functional.interpolate` with `align_corners=False` and of `cv2.resize`.

    Args:
        keypoints: Key points (..., 18, 3).
        old_size: Height and width in pixels of the image that the key points belong to.
        new_size: Height and width in pixels of the resized image.

    Returns:
        Key points (..., 18, 3) in pixels of the resized image.
    """
    x, y, score = keypoints.unbind(-1)
    x = (x + 0.5) * (new_size[1] / old_size[1]) - 0.5
    y = (y + 0.5) * (new_size[0] / old_size[0]) - 0.5
    return torch.stack([x, y, score], dim=-1)


def shift_keypoints(keypoints: Tensor, dx: float | Tensor, dy: float | Tensor) -> Tensor:
    """Follow a shift of the image, such as padding (positive) or cropping (negative).

    Args:
        keypoints: Key points (..., 18, 3).
        dx: Pixels to the right, one number for all people or a tensor (...).
        dy: Pixels down, one number for all people or a tensor (...).

    Returns:
        Shifted key points (..., 18, 3).
    """
    x, y, score = keypoints.unbind(-1)
    # as_tensor keeps the dtype of the key points whatever the dtype of the shift.
    x = x + torch.as_tensor(dx, dtype=x.dtype, device=x.device)[..., None]
    y = y + torch.as_tensor(dy, dtype=y.dtype, device=y.device)[..., None]
    return torch.stack([x, y, score], dim=-1)


def visible(keypoints: Tensor, size: tuple[int, int]) -> Tensor:
    """Tell which joints are there and lie inside the image.

    Args:
        keypoints: Key points (..., 18, 3).
        size: Height and width of the image in pixels.

    Returns:
        Booleans (..., 18). The outer border of the image counts as inside; NaN as outside.
    """
    x, y, score = keypoints.unbind(-1)
    height, width = size
    inside = (x >= -0.5) & (x <= width - 0.5) & (y >= -0.5) & (y <= height - 0.5)
    return inside & (score > 0)


def drop_outside(keypoints: Tensor, size: tuple[int, int]) -> Tensor:
    """Make joints missing (score 0) that lie outside the image, as after a crop.

    Args:
        keypoints: Key points (..., 18, 3).
        size: Height and width of the image in pixels.

    Returns:
        Key points (..., 18, 3); x and y are left as they are.
    """
    x, y, score = keypoints.unbind(-1)
    score = score.where(visible(keypoints, size), torch.zeros_like(score))
    return torch.stack([x, y, score], dim=-1)


def count_joints(keypoints: Tensor) -> Tensor:
    """Count the joints that are there (score above 0).

    Args:
        keypoints: Key points (..., 18, 3).

    Returns:
        Counts (...), int64, from 0 to 18.
    """
    return (keypoints[..., 2] > 0).sum(dim=-1)
