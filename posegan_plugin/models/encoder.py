"""The appearance and the pose encoder, E_A and E_P (section 3)."""

from __future__ import annotations

from torch import Tensor, nn

from posegan_plugin.models.layers import ConvBlock


class Encoder(nn.Sequential):
    """Two strided convolutions, each with normalisation and ReLU; E_A and E_P are of this shape.

    Args:
        in_channels: 3 for an image, 18 for pose maps.
        channels: Channels out.
        norm: See :func:`posegan_plugin.models.layers.build_norm`.

    Shapes:
        (B, in_channels, H, W) -> (B, channels, H/4, W/4); H and W are multiples of 4.
    """

    def __init__(self, in_channels: int, channels: int, norm: str = "batch") -> None:
        super().__init__(
            ConvBlock(in_channels, channels // 2, norm, stride=2, activation=nn.ReLU(inplace=True)),
            ConvBlock(channels // 2, channels, norm, stride=2, activation=nn.ReLU(inplace=True)),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Encode images or pose maps."""
        return super().forward(x)
