"""The pose attention-guided appearance network, PAAN (section 3.1)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from posegan_plugin.models.layers import ConvBlock


class PAANModule(nn.Module):
    """One module: the pose stream says which parts of the appearance stream are renewed.

    Equations 1 and 2. The mask is taken before the pose stream's last ReLU: after it, a sigmoid
    could never go below one half.

    Args:
        channels: Channels of both streams.
        norm: See :func:`posegan_plugin.models.layers.build_norm`.
    """

    def __init__(self, channels: int, norm: str = "batch") -> None:
        super().__init__()
        self.pose = nn.Sequential(
            ConvBlock(channels, channels, norm, activation=nn.ReLU(inplace=True)),
            ConvBlock(channels, channels, norm),
        )
        self.appearance = nn.Sequential(
            ConvBlock(channels, channels, norm, activation=nn.ReLU(inplace=True)),
            ConvBlock(channels, channels, norm, activation=nn.ReLU(inplace=True)),
        )

    def forward(self, f_I: Tensor, f_P: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Run one module.

        Args:
            f_I: Appearance map (B, C, h, w).
            f_P: Pose map (B, C, h, w).

        Returns:
            The new appearance map, the new pose map and the attention mask in (0, 1), each
            (B, C, h, w).
        """
        logits = self.pose(f_P)
        mask = torch.sigmoid(logits)
        return mask * self.appearance(f_I) + f_I, F.relu(logits), mask


class PAAN(nn.Module):
    """N modules in sequence (paper: 4).

    Args:
        channels: Channels of both streams.
        num_blocks: N, at least 1.
        norm: See :func:`posegan_plugin.models.layers.build_norm`.
    """

    def __init__(self, channels: int, num_blocks: int = 4, norm: str = "batch") -> None:
        super().__init__()
        self.blocks = nn.ModuleList(PAANModule(channels, norm) for _ in range(num_blocks))

    def forward(self, f_I: Tensor, f_P: Tensor) -> tuple[Tensor, Tensor, list[Tensor]]:
        """Run all modules.

        Args:
            f_I: Encoded condition image (B, C, h, w).
            f_P: Encoded condition pose (B, C, h, w).

        Returns:
            f_I[N], f_P[N] and the N attention masks, each (B, C, h, w).
        """
        masks = []
        for block in self.blocks:
            f_I, f_P, mask = block(f_I, f_P)
            masks.append(mask)
        return f_I, f_P, masks
