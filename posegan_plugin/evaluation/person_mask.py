"""Where in an image a person of a given pose is."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from posegan_plugin.pose.skeleton import JOINTS, LIMBS, NUM_JOINTS

_RADIUS = 4 / 128  # half the thickness of a limb, as a share of the image height
_GAP = 2 / 128  # half the width of the gaps that are closed, likewise

# The skeleton has no sides of the trunk and no outline of the head.
_OUTLINE = (
    ("right_shoulder", "right_hip"),
    ("left_shoulder", "left_hip"),
    ("right_hip", "left_hip"),
    ("neck", "right_ear"),
    ("neck", "left_ear"),
    ("right_ear", "left_ear"),
)
_BONES: tuple[tuple[int, int], ...] = (
    *LIMBS,
    *((JOINTS.index(start), JOINTS.index(end)) for start, end in _OUTLINE),
    *((joint, joint) for joint in range(NUM_JOINTS)),  # one whose neighbours are missing
)


def person_mask(keypoints: Tensor, size: tuple[int, int]) -> Tensor:
    """Masks of people from their joints: thick limbs, trunk and head.

    A pixel belongs to the person if it is at most 4/128 of the image height from a line between two
    joints that are both there (the skeleton's limbs, both sides of the trunk, the hips, and lines
    from the neck to the ears and between them) or from a joint. A morphological closing (5x5 pixels
    at a height of 128) then fills narrow gaps. Sizes and lines are those of PATN's mask, scaled
    with the image; its limbs are drawn with hard ends and ours with round ones.

    Args:
        keypoints: (B, 18, 3) as x, y in pixels of the image and score; 0 = missing.
        size: (height, width) of the masks.

    Returns:
        (B, height, width) bool on the device of the key points; empty for a pose without joints.
    """
    height, width = size
    places = keypoints[..., :2].float()
    there = (keypoints[..., 2] > 0) & places.isfinite().all(dim=-1)
    places = places.nan_to_num(posinf=0, neginf=0)  # 0 * inf would reach the joints that are there
    y, x = torch.meshgrid(
        torch.arange(height, device=places.device, dtype=places.dtype),
        torch.arange(width, device=places.device, dtype=places.dtype),
        indexing="ij",
    )
    nearest = places.new_full((len(places), height, width), torch.inf)
    for start, end in _BONES:
        distance = _squared_distance(x, y, places[:, start], places[:, end])
        absent = ~(there[:, start] & there[:, end])[:, None, None]
        nearest = torch.minimum(nearest, distance.masked_fill(absent, torch.inf))
    return _closed(nearest <= (_RADIUS * height) ** 2, round(_GAP * height))


def _squared_distance(x: Tensor, y: Tensor, start: Tensor, end: Tensor) -> Tensor:
    """From each pixel to a line from ``start`` to ``end`` (B, 2): (B, H, W)."""
    (x0, y0), (dx, dy) = start.T[..., None, None], (end - start).T[..., None, None]
    along = ((x - x0) * dx + (y - y0) * dy) / (dx**2 + dy**2).clamp(min=1e-6)
    along = along.clamp(0, 1)
    return (x - x0 - along * dx) ** 2 + (y - y0 - along * dy) ** 2


def _closed(mask: Tensor, radius: int) -> Tensor:
    """Dilated, then eroded with a square; the outside of the image changes nothing."""

    def largest(values: Tensor) -> Tensor:
        return F.max_pool2d(values, 2 * radius + 1, stride=1, padding=radius)

    return (-largest(-largest(mask[:, None].float())) > 0)[:, 0]
