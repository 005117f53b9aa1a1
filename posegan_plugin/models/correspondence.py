"""Where in the condition image does each target position take its appearance from?

Not in the paper. PAAN never sees the target pose and PAGN starts from f_I[N] in the *source*
layout, so copying the source silhouette is the easy optimum. One cross-attention between target
pose and condition moves the appearance first; its output replaces f_I[N] everywhere.
"""

from __future__ import annotations

import math

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
    """

    def __init__(self, channels: int, heads: int = 4, norm: str = "batch") -> None:
        super().__init__()
        self.heads = heads
        positions = 4 * _FREQUENCIES
        self.target = nn.Sequential(
            ConvBlock(channels, channels, norm, activation=nn.ReLU(inplace=True)),
            ConvBlock(channels, channels, norm, activation=nn.ReLU(inplace=True)),
        )
        self.query = nn.Conv2d(channels + positions, channels, 1)
        self.key = nn.Conv2d(2 * channels + positions, channels, 1)
        self.value = nn.Conv2d(channels, channels, 1)
        self.out = ConvBlock(2 * channels, channels, norm, activation=nn.ReLU(inplace=True))

    def forward(self, f_I: Tensor, f_P: Tensor, target: Tensor) -> Tensor:
        """Move the appearance to the target's layout.

        Args:
            f_I: Appearance of the condition (B, C, h, w).
            f_P: Pose stream of the condition (B, C, h, w).
            target: Encoded target pose (B, C, h, w).

        Returns:
            Appearance in the target's layout (B, C, h, w).
        """
        height, width = f_I.shape[-2:]
        positions = position_features(height, width, f_I).expand(len(f_I), -1, -1, -1)
        positions = positions.contiguous(memory_format=memory_format_of(f_I))
        target = self.target(target)
        q = self.query(torch.cat((target, positions), dim=1))
        k = self.key(torch.cat((f_P, f_I, positions), dim=1))
        moved = F.scaled_dot_product_attention(
            self._split(q), self._split(k), self._split(self.value(f_I))
        )
        moved = moved.transpose(-1, -2).reshape(f_I.shape)
        return self.out(torch.cat((moved, target), dim=1))

    def _split(self, x: Tensor) -> Tensor:
        """(B, C, h, w) -> (B, heads, h*w, C/heads)."""
        # C/heads comes last in memory too: attention on a CPU takes four times as long if not.
        x = x.permute(0, 2, 3, 1)
        return x.reshape(len(x), -1, self.heads, x.shape[-1] // self.heads).transpose(1, 2)
