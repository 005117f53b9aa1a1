"""The pose transfer generator: encoders, PAAN, optional correspondence, PAGN (figure 2)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from posegan_plugin.errors import UserError
from posegan_plugin.models.correspondence import PoseCorrespondence
from posegan_plugin.models.encoder import Encoder
from posegan_plugin.models.paan import PAAN
from posegan_plugin.models.pagn import PAGN
from posegan_plugin.models.part_warp import WARP_CHANNELS, PartWarp
from posegan_plugin.models.pose_maps import check_image_size, pose_maps
from posegan_plugin.pose import NUM_JOINTS


class PoseTransferGenerator(nn.Module):
    """Draws the person of a condition image in a target pose.

    Args:
        image_size: (H, W) of the images, each a multiple of 4.
        channels: C, the width of all maps at H/4 x W/4; a multiple of 4. 128 costs 2.8 GMAC an
            image at 128x64, and 0.5 or 0.6 more with correspondence; 64 about a quarter of it.
        num_blocks: N of PAAN and PAGN, 1 to 8 (paper: 4).
        correspondence: ``None`` (the paper's generator) or ``"attention"``
            (:class:`posegan_plugin.models.correspondence.PoseCorrespondence`).
        num_cameras: 0: the target camera is unknown (the paper). Otherwise the number of cameras;
            the target's camera then enters beside the target pose as one-hot constant planes.
        norm: See :func:`posegan_plugin.models.layers.build_norm`.
        deconvolution: See :class:`posegan_plugin.models.layers.DeconvBlock`.
        part_warp: Whether the condition's pixels, laid where the target pose has their body part,
            enter beside the target pose (:class:`posegan_plugin.models.part_warp.PartWarp`).

    Attributes:
        options: All of these, as JSON knows them: what a checkpoint says of how it is built.

    Raises:
        UserError: A value outside the ranges above.
    """

    def __init__(
        self,
        image_size: tuple[int, int] = (128, 64),
        channels: int = 128,
        num_blocks: int = 4,
        correspondence: str | None = None,
        num_cameras: int = 0,
        norm: str = "batch",
        deconvolution: str = "resize",
        part_warp: bool = False,
    ) -> None:
        super().__init__()
        self.options = {
            "image_size": list(image_size),
            "channels": channels,
            "num_blocks": num_blocks,
            "correspondence": correspondence,
            "num_cameras": num_cameras,
            "norm": norm,
            "deconvolution": deconvolution,
            "part_warp": part_warp,
        }
        check_image_size(image_size)
        if not 1 <= num_blocks <= 8:
            raise UserError(f"generator num_blocks={num_blocks} must lie between 1 and 8")
        if channels < 4 or channels % 4:
            raise UserError(f"generator channels={channels} must be a positive multiple of 4")
        if correspondence not in (None, "attention"):
            raise UserError(
                f"generator correspondence={correspondence!r} is unknown; choose None or 'attention'"
            )
        self.image_size = tuple(image_size)
        self.num_cameras = num_cameras
        self.appearance_encoder = Encoder(3, channels, norm)
        self.pose_encoder = Encoder(NUM_JOINTS, channels, norm)
        self.paan = PAAN(channels, num_blocks, norm)
        self.correspondence = PoseCorrespondence(channels, norm=norm) if correspondence else None
        self.part_warp = PartWarp(self.image_size) if part_warp else None
        warp_channels = WARP_CHANNELS if part_warp else 0
        self.pagn = PAGN(
            channels,
            NUM_JOINTS + num_cameras + warp_channels,
            num_blocks,
            norm,
            deconvolution,
            pixel_channels=warp_channels,
        )

    def forward(
        self,
        condition: Tensor,
        condition_pose: Tensor,
        target_pose: Tensor,
        target_camera: Tensor | None = None,
    ) -> Tensor:
        """Generate I_g.

        Args:
            condition: I_c, float (B, 3, H, W) in [-1, 1].
            condition_pose: Key points of I_c (B, 18, 3): x, y in pixels of the image, score.
            target_pose: Key points wanted (B, 18, 3), likewise.
            target_camera: Camera ids (B,) int64 in [0, num_cameras); needed if, and only if, the
                generator was built with ``num_cameras`` > 0.

        Returns:
            I_g, (B, 3, H, W) in (-1, 1).
        """
        return self.generate_with_masks(condition, condition_pose, target_pose, target_camera)[0]

    def generate_with_masks(
        self,
        condition: Tensor,
        condition_pose: Tensor,
        target_pose: Tensor,
        target_camera: Tensor | None = None,
    ) -> tuple[Tensor, list[Tensor], list[Tensor]]:
        """As :meth:`forward`, and the attention masks of PAAN and of PAGN.

        Returns:
            I_g, N masks of PAAN (B, C, H/4, W/4), N masks of PAGN at each module's resolution.
        """
        size = self.image_size
        source_maps = pose_maps(condition_pose, size, 1, condition)
        f_I, f_P = self.appearance_encoder(condition), self.pose_encoder(source_maps)
        f_I, f_P, paan_masks = self.paan(f_I, f_P)
        if self.correspondence is not None:
            target_maps = pose_maps(target_pose, size, 1, condition)
            f_I = self.correspondence(f_I, f_P, self.pose_encoder(target_maps))
        warped = None
        if self.part_warp is not None:
            warped = self.part_warp(condition, condition_pose, target_pose)

        def target(stride: int) -> Tensor:
            """P_t, and what is known of the target beside it."""
            cameras = target_camera, self.num_cameras
            maps = pose_maps(target_pose, size, stride, condition, *cameras)
            if warped is None:
                return maps
            return torch.cat((maps, F.avg_pool2d(warped, stride).to(maps.dtype)), dim=1)

        targets = [target(4)] * len(self.pagn.blocks)
        if len(targets) > 1:  # the last module works from H/2 x W/2
            targets[-1] = target(2)
        # In the precision of the streams that it joins, which autocast may have lowered.
        pixels = None if warped is None else warped.to(f_I.dtype)
        image, pagn_masks = self.pagn(f_I, targets, pixels)
        return image, paan_masks, pagn_masks
