"""Where in the condition image does each target position take its appearance from?

Not in the paper. PAAN never sees the target pose and PAGN starts from f_I[N] in the *source*
layout, so copying the source silhouette is the easy optimum. One cross-attention between target
pose and condition moves the appearance first; its output replaces f_I[N] everywhere.

f_I knows a quarter of the image's rows and columns. What is finer, stripes and straps, can be moved
with it: each position's patch of a larger map goes where the position goes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from posegan_plugin.models.layers import ConvBlock, memory_format_of

_FREQUENCIES = 4


def position_features(height: int, width: int, like: Tensor) -> Tensor:
    """Sines and cosines of the position, so that places without a joint nearby differ too.

    Args:
        height: h, rows.
        width: w, columns.
        like: Gives device and dtype.

    Returns:
        (1, 16, h, w) in [-1, 1]; the scale is relative to the size, so other sizes work.
    """
    y = torch.linspace(-1, 1, height, device=like.device).view(-1, 1).expand(height, width)
    x = torch.linspace(-1, 1, width, device=like.device).view(1, -1).expand(height, width)
    waves = []
    for k in range(_FREQUENCIES):
        angle = math.pi / 2 * 2**k
        waves += [torch.sin(angle * y), torch.cos(angle * y)]
        waves += [torch.sin(angle * x), torch.cos(angle * x)]
    return torch.stack(waves).unsqueeze(0).to(like.dtype)


class PoseCorrespondence(nn.Module):
    """Cross-attention: queries from the target pose, keys from the condition, values its appearance.

    Args:
        channels: Channels C of all inputs and of the output, a multiple of ``heads``.
        heads: Attention heads.
        norm: See :func:`posegan_plugin.models.layers.build_norm`.
        details: (channels, scale) of larger maps that are moved too, ``scale`` times as high and wide
            as the inputs; ``channels * scale**2`` is a multiple of ``heads``.
    """

    def __init__(
        self,
        channels: int,
        heads: int = 4,
        norm: str = "batch",
        details: Sequence[tuple[int, int]] = (),
    ) -> None:
        super().__init__()
        self.heads = heads
        self.scales = [scale for _, scale in details]
        positions = 4 * _FREQUENCIES
        self.target = nn.Sequential(
            ConvBlock(channels, channels, norm, activation=nn.ReLU(inplace=True)),
            ConvBlock(channels, channels, norm, activation=nn.ReLU(inplace=True)),
        )
        self.query = nn.Conv2d(channels + positions, channels, 1)
        self.key = nn.Conv2d(2 * channels + positions, channels, 1)
        self.value = nn.Conv2d(channels, channels, 1)
        sizes = [width * scale**2 for width, scale in details]
        self.details = nn.ModuleList(nn.Conv2d(size, size, 1) for size in sizes)
        self.out = ConvBlock(2 * channels, channels, norm, activation=nn.ReLU(inplace=True))

    def forward(
        self, f_I: Tensor, f_P: Tensor, target: Tensor, details: Sequence[Tensor] = ()
    ) -> tuple[Tensor, list[Tensor]]:
        """Move the appearance to the target's layout.

        Args:
            f_I: Appearance of the condition (B, C, h, w).
            f_P: Pose stream of the condition (B, C, h, w).
            target: Encoded target pose (B, C, h, w).
            details: Larger maps of the condition (B, channels, scale h, scale w), as announced.

        Returns:
            Appearance in the target's layout (B, C, h, w), and the larger maps likewise.
        """
        height, width = f_I.shape[-2:]
        positions = position_features(height, width, f_I).expand(len(f_I), -1, -1, -1)
        positions = positions.contiguous(memory_format=memory_format_of(f_I))
        target = self.target(target)
        q = self.query(torch.cat((target, positions), dim=1))
        k = self.key(torch.cat((f_P, f_I, positions), dim=1))
        patches = [
            project(F.pixel_unshuffle(maps, scale))
            for project, maps, scale in zip(self.details, details, self.scales, strict=True)
        ]
        values = [self._split(v) for v in (self.value(f_I), *patches)]
        moved = F.scaled_dot_product_attention(
            self._split(q), self._split(k), torch.cat(values, dim=-1)
        )
        appearance, *patches = (
            part.transpose(-1, -2).reshape(len(f_I), -1, height, width)
            for part in moved.split([v.shape[-1] for v in values], dim=-1)
        )
        fine = [F.pixel_shuffle(p, scale) for p, scale in zip(patches, self.scales, strict=True)]
        return self.out(torch.cat((appearance, target), dim=1)), fine

    def _split(self, x: Tensor) -> Tensor:
        """(B, C, h, w) -> (B, heads, h*w, C/heads)."""
        return x.reshape(len(x), self.heads, -1, x.shape[-2] * x.shape[-1]).transpose(-1, -2)
