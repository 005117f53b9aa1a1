"""A small network that finds the joints of one person, with the SimCC outputs of RTMPose."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from posegan_plugin.errors import UserError
from posegan_plugin.models.layers import ConvBlock
from posegan_plugin.pose import COCO17_JOINTS

SPLIT = 2
"""Bins a pixel: joints are placed to half a pixel, as RTMPose does."""

STRIDE = 16
"""Height and width of the input are multiples of it."""


class JointNetwork(nn.Module):
    """Where each of COCO's 17 joints is, as one classification over columns and one over rows.

    A residual backbone looks at the person at 1/16 of the size, joins that with the details at 1/8,
    and draws one map a joint. Each map, as a vector, becomes the logits of the joint's column and
    row (Li et al., "SimCC", ECCV 2022), and of whether the joint is there at all.

    Args:
        image_size: (height, width) of the input, multiples of 16.
        channels: Channels at 1/4 of the size; twice as many at 1/8, three times at 1/16. The default
            makes 0.9 M parameters at 128x64.
        hidden: Length of the vector that describes a joint.

    Shapes:
        ImageNet-normalised (N, 3, H, W) -> ``simcc_x`` (N, 17, 2 W), ``simcc_y`` (N, 17, 2 H). Values
        lie in [0, 1]: the highest of each row is the probability that the joint is there, its place
        is the joint's x (or y) in half pixels.

    Raises:
        UserError: The size is not a multiple of 16.
    """

    def __init__(
        self, image_size: tuple[int, int] = (128, 64), channels: int = 48, hidden: int = 256
    ) -> None:
        super().__init__()
        height, width = image_size
        if height < STRIDE or width < STRIDE or height % STRIDE or width % STRIDE:
            raise UserError(
                f"image size {height} {width}: height and width have to be multiples of {STRIDE}"
            )
        self.image_size = (height, width)
        self.stem = nn.Sequential(
            _conv(3, channels // 2, stride=2), _conv(channels // 2, channels, 2)
        )
        self.fine = nn.Sequential(
            _conv(channels, 2 * channels, stride=2), ResidualBlock(2 * channels)
        )
        self.coarse = nn.Sequential(
            _conv(2 * channels, 3 * channels, stride=2),
            ResidualBlock(3 * channels),
            ResidualBlock(3 * channels),
            nn.Conv2d(3 * channels, 2 * channels, 1),
        )
        self.maps = nn.Conv2d(2 * channels, len(COCO17_JOINTS), 3, padding=1)
        self.describe = nn.Linear(height // 8 * (width // 8), hidden)
        self.column = nn.Linear(hidden, SPLIT * width)
        self.row = nn.Linear(hidden, SPLIT * height)
        self.presence = nn.Linear(hidden, 1)

    def logits(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """What the losses need.

        Args:
            images: ImageNet-normalised (N, 3, H, W).

        Returns:
            Logits of the column (N, 17, 2 W), of the row (N, 17, 2 H) and of the presence (N, 17).
        """
        fine = self.fine(self.stem(images))
        joined = F.relu(fine + F.interpolate(self.coarse(fine), scale_factor=2.0, mode="nearest"))
        joints = F.relu(self.describe(self.maps(joined).flatten(2)))
        return self.column(joints), self.row(joints), self.presence(joints).squeeze(-1)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Find the joints; see the class for the shapes."""
        column, row, presence = self.logits(images)
        there = presence.sigmoid()[..., None]
        return there * _peaked(column), there * _peaked(row)


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions with batch norm, added to their input: (N, C, H, W) -> the same."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            _conv(channels, channels), ConvBlock(channels, channels, "batch")
        )

    def forward(self, x: Tensor) -> Tensor:
        """Refine features."""
        return F.relu(x + self.layers(x))


def decode_simcc(simcc_x: Tensor, simcc_y: Tensor) -> Tensor:
    """Places and scores of joints, as RTMPose decodes them.

    Args:
        simcc_x: (N, K, 2 W).
        simcc_y: (N, K, 2 H).

    Returns:
        (N, K, 3): x and y in pixels of the input, and as score the mean of the two peaks.
    """
    (peak_x, x), (peak_y, y) = simcc_x.max(dim=-1), simcc_y.max(dim=-1)
    return torch.stack((x / SPLIT, y / SPLIT, (peak_x + peak_y) / 2), dim=-1)


def _conv(in_channels: int, out_channels: int, stride: int = 1) -> ConvBlock:
    return ConvBlock(in_channels, out_channels, "batch", stride, nn.ReLU(inplace=True))


def _peaked(logits: Tensor) -> Tensor:
    """The softmax over the last dimension, scaled so that its peak is 1."""
    return (logits - logits.amax(dim=-1, keepdim=True)).exp()
