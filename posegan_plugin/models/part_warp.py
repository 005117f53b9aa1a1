"""The condition image, body part by body part, laid where the target pose has these parts.

Not in the paper. What a person wears is in the pixels of the condition image, and where an arm is in
both images is known from the key points: no network has to learn either. Around each bone of the
target pose lie the pixels that are around the same bone of the condition. The generator sees the
result beside the target pose, as a hint that it may overrule: prints, stripes and colours come with it.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from posegan_plugin.models.layers import memory_format_of
from posegan_plugin.pose.bones import (
    BONES,
    OTHER_SIDE,
    BonePlaces,
    body_size,
    known_joints,
    place_bones,
    take,
)
from posegan_plugin.pose.skeleton import JOINTS

WARP_CHANNELS = 4
"""Planes of :class:`PartWarp`: red, green, blue and the weight."""

_TORSO = 0
_SHOULDERS = [JOINTS.index("right_shoulder"), JOINTS.index("left_shoulder")]
_SHARPNESS = 4.0  # of the borders between parts
_FAR = 1e4  # distance to a bone that is not known
_ROWS = 32  # of the flow, which is smooth; finer ones are interpolated


class PartWarp(nn.Module):
    """Lays the parts of a person where another pose has them. It has no weights.

    Args:
        image_size: (H, W) of the images.
    """

    def __init__(self, image_size: tuple[int, int]) -> None:
        super().__init__()
        self.image_size = tuple(image_size)
        step = max(1.0, image_size[0] / _ROWS)
        counts = (max(1, round(side / step)) for side in image_size)
        centres = (
            (torch.arange(count) + 0.5) * (side / count) - 0.5
            for side, count in zip(image_size, counts, strict=True)
        )
        y, x = torch.meshgrid(*centres, indexing="ij")
        # Buffers, so that nothing is copied to the device in a step.
        self.register_buffer("places", torch.stack((x, y), dim=-1), persistent=False)
        reach = torch.tensor([bone.reach for bone in BONES])
        self.register_buffer("reach", reach[:, None, None], persistent=False)
        extent = torch.tensor([image_size[1], image_size[0]], dtype=torch.float32)
        self.register_buffer("extent", extent, persistent=False)

    def forward(self, images: Tensor, condition_pose: Tensor, target_pose: Tensor) -> Tensor:
        """Move the pixels.

        Args:
            images: (B, 3, H, W) in [-1, 1].
            condition_pose: Key points of the images (B, 18, 3): x, y in pixels, score.
            target_pose: Key points wanted (B, 18, 3), likewise.

        Returns:
            (B, 4, H, W): the pixels times the weight, and the weight in [0, 1], which is 1 on a bone
            and falls to 0 away from all of them. In the memory format of the images.
        """
        flow, weight = part_flow(condition_pose, target_pose, self.places, self.reach)
        fields = torch.cat((flow, weight[..., None]), dim=-1).permute(0, 3, 1, 2)
        fields = F.interpolate(fields, size=self.image_size, mode="bilinear")
        flow, weight = fields[:, :2].permute(0, 2, 3, 1), fields[:, 2:]
        grid = (2 * flow + 1) / self.extent - 1
        moved = F.grid_sample(
            images.to(grid.dtype), grid, padding_mode="border", align_corners=False
        )
        planes = torch.cat((moved * weight, weight), dim=1).to(images.dtype)
        return planes.contiguous(memory_format=memory_format_of(images))


def part_flow(
    condition_pose: Tensor, target_pose: Tensor, places: Tensor, reach: Tensor
) -> tuple[Tensor, Tensor]:
    """Where in the condition image do places of the target come from?

    A place is described by its nearest bones of the target pose: how far along the bone it lies (in
    bone lengths, so that a foreshortened arm is stretched) and how far beside or beyond it (in body
    sizes). The same description leads to a place in the condition image. A limb that the condition
    image does not show is replaced by its twin; the torso is mirrored where the person turns round.

    Args:
        condition_pose: (B, 18, 3) x, y in pixels, score.
        target_pose: (B, 18, 3), likewise.
        places: (h, w, 2) x, y in pixels.
        reach: (P, 1, 1), that of :data:`posegan_plugin.pose.bones.BONES`.

    Returns:
        x, y in pixels of the condition image (B, h, w, 2), and the weight (B, h, w) in [0, 1]: how
        near a bone that both poses have. Float32 at least.
    """
    condition_pose, target_pose = (
        pose.to(torch.promote_types(pose.dtype, places.dtype))
        for pose in (condition_pose, target_pose)
    )
    source, target = _or_twin(place_bones(condition_pose)), place_bones(target_pose)
    common = known_joints(condition_pose) & known_joints(target_pose)
    size = body_size(target_pose, common)
    ratio = (body_size(condition_pose, common) / size).clamp(0.5, 2.0)[:, None, None, None]

    _, length, direction, normal = _frame(target)
    away = places - target.start[:, :, None, None]
    along = (away * direction).sum(-1) / length
    beside = (away * normal).sum(-1)
    inside = along.clamp(0, 1)
    beyond = (along - inside) * length
    scale = reach * size[:, None, None, None]
    distance = (beside.square() + beyond.square()) / scale.square()
    both = (source.known & target.known)[:, :, None, None]
    distance = distance.where(both, _FAR)

    bone, _, direction, normal = _frame(source)
    side = torch.ones_like(beside)
    side[:, _TORSO] = _same_side(condition_pose, target_pose, source, target)[:, None, None]
    found = (
        source.start[:, :, None, None]
        + inside[..., None] * bone
        + (beyond * ratio)[..., None] * direction
        + (beside * side * ratio)[..., None] * normal
    )
    share = torch.softmax(-_SHARPNESS * distance, dim=1)
    return (share[..., None] * found).sum(1), torch.exp(-0.5 * distance.amin(1))


def _frame(places: BonePlaces) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Bones (B, P, 1, 1, 2), their lengths (B, P, 1, 1), directions and normals."""
    bone = (places.end - places.start)[:, :, None, None]
    length = bone.norm(dim=-1).clamp(min=1.0)  # a pixel, where both ends are one
    direction = bone / length[..., None]
    return bone, length, direction, torch.stack((-direction[..., 1], direction[..., 0]), dim=-1)


def _or_twin(places: BonePlaces) -> BonePlaces:
    """The bone of the other side where one is missing: clothes are alike on both."""
    start, end = (
        ends.where(places.known[..., None], take(ends, OTHER_SIDE))
        for ends in (places.start, places.end)
    )
    return BonePlaces(start, end, places.known | take(places.known, OTHER_SIDE))


def _same_side(
    condition_pose: Tensor, target_pose: Tensor, source: BonePlaces, target: BonePlaces
) -> Tensor:
    """1 where both images show the person from the same side, else -1, (B,)."""
    product = torch.ones_like(target_pose[:, 0, 0])
    for pose, places in ((condition_pose, source), (target_pose, target)):
        right, left = _SHOULDERS
        known = take(known_joints(pose), _SHOULDERS).all(1)
        across = (pose[:, left, :2] - pose[:, right, :2]).where(known[:, None], 0.0)
        normal = _frame(places)[-1][:, _TORSO, 0, 0]
        product = product * (across * normal).sum(-1)
    return torch.where(product < 0, -1.0, 1.0)
