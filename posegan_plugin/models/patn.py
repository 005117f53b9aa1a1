"""A generator of the size and kind of PATN, the peer to compare with.

After Zhu et al., *Progressive Pose Attention Transfer for Person Image Generation* (2019), written
from the paper: an appearance and a pose stream run through a cascade of attention blocks, in which
the pose stream, which sees condition and target pose, says where the appearance is renewed.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from posegan_plugin.errors import UserError
from posegan_plugin.models.layers import ConvBlock, DeconvBlock, build_norm, check_rate
from posegan_plugin.models.pose_maps import check_image_size, pose_maps
from posegan_plugin.pose import NUM_JOINTS


class PATNBlock(nn.Module):
    """One attention block: the pose stream masks the appearance stream's change.

    Args:
        channels: Channels C of the appearance stream.
        pose_channels: Channels of the pose stream that comes in: C for the first block, 2 C after it,
            since each block appends the new appearance to the pose stream.
        norm: See :func:`posegan_plugin.models.layers.build_norm`.
        dropout: Dropout rate between the two convolutions of a stream.
    """

    def __init__(self, channels: int, pose_channels: int, norm: str, dropout: float) -> None:
        super().__init__()
        self.appearance = _stream(channels, channels, norm, dropout)
        self.pose = _stream(pose_channels, channels, norm, dropout)

    def forward(self, appearance: Tensor, pose: Tensor) -> tuple[Tensor, Tensor]:
        """Run one block.

        Args:
            appearance: (B, C, h, w).
            pose: (B, C or 2 C, h, w).

        Returns:
            The new appearance (B, C, h, w) and the new pose stream (B, 2 C, h, w).
        """
        pose = self.pose(pose)
        appearance = appearance + self.appearance(appearance) * torch.sigmoid(pose)
        return appearance, torch.cat((pose, appearance), dim=1)


class PATNGenerator(nn.Module):
    """PATN: takes and gives what :class:`posegan_plugin.models.PoseTransferGenerator` does.

    Args:
        image_size: (H, W) of the images, each a multiple of 4.
        channels: C at H/4 x W/4, a multiple of 4. The paper's 256 with 9 blocks has 41 M parameters
            and costs 22 GMAC an image at 128x64.
        num_blocks: Attention blocks (paper: 9).
        num_cameras: As in :class:`posegan_plugin.models.PoseTransferGenerator`; 0 is the paper.
        norm: See :func:`posegan_plugin.models.layers.build_norm`.
        deconvolution: See :class:`posegan_plugin.models.layers.DeconvBlock`.
        dropout: Dropout rate in the blocks (paper: 0.5 while training).

    Raises:
        UserError: A value outside the ranges above.
    """

    def __init__(
        self,
        image_size: tuple[int, int] = (128, 64),
        channels: int = 256,
        num_blocks: int = 9,
        num_cameras: int = 0,
        norm: str = "batch",
        deconvolution: str = "transposed",
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        check_image_size(image_size)
        if channels < 4 or channels % 4:
            raise UserError(f"generator channels={channels} must be a positive multiple of 4")
        if num_blocks < 1:
            raise UserError(f"generator num_blocks={num_blocks} must be at least 1")
        check_rate("generator dropout", dropout)
        self.image_size = tuple(image_size)
        self.num_cameras = num_cameras
        self.appearance_encoder = _encoder(3, channels, norm)
        self.pose_encoder = _encoder(2 * NUM_JOINTS + num_cameras, channels, norm)
        self.blocks = nn.ModuleList(
            PATNBlock(channels, channels if n == 0 else 2 * channels, norm, dropout)
            for n in range(num_blocks)
        )
        self.decoder = nn.Sequential(
            DeconvBlock(channels, channels // 2, norm, deconvolution, upsample=True),
            DeconvBlock(channels // 2, channels // 4, norm, deconvolution, upsample=True),
            nn.Conv2d(channels // 4, 3, 7, padding=3, padding_mode="reflect"),
            nn.Tanh(),
        )

    def forward(
        self,
        condition: Tensor,
        condition_pose: Tensor,
        target_pose: Tensor,
        target_camera: Tensor | None = None,
    ) -> Tensor:
        """Generate I_g; shapes as in :meth:`posegan_plugin.models.PoseTransferGenerator.forward`."""
        size = self.image_size
        poses = (
            pose_maps(condition_pose, size, 1, condition),
            pose_maps(target_pose, size, 1, condition, target_camera, self.num_cameras),
        )
        appearance = self.appearance_encoder(condition)
        pose = self.pose_encoder(torch.cat(poses, dim=1))
        for block in self.blocks:
            appearance, pose = block(appearance, pose)
        return self.decoder(appearance)


def _encoder(in_channels: int, channels: int, norm: str) -> nn.Sequential:
    narrow, bias = channels // 4, norm == "none"
    return nn.Sequential(
        nn.Conv2d(in_channels, narrow, 7, padding=3, padding_mode="reflect", bias=bias),
        build_norm(norm, narrow),
        nn.ReLU(inplace=True),
        ConvBlock(narrow, 2 * narrow, norm, stride=2, activation=nn.ReLU(inplace=True)),
        ConvBlock(2 * narrow, channels, norm, stride=2, activation=nn.ReLU(inplace=True)),
    )


def _stream(in_channels: int, out_channels: int, norm: str, dropout: float) -> nn.Sequential:
    return nn.Sequential(
        ConvBlock(in_channels, in_channels, norm, activation=nn.ReLU(inplace=True)),
        nn.Dropout(dropout),
        ConvBlock(in_channels, out_channels, norm),
    )
