"""The pose attention-guided generation network, PAGN (section 3.2)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from posegan_plugin.models.layers import ConvBlock, DeconvBlock, adaptive_instance_norm
from posegan_plugin.models.upsampling import conv_of_enlarged


class PAGNModule(nn.Module):
    """One module of the generation network (equations 3 to 6).

    Args:
        in_channels: Channels of both streams coming in.
        out_channels: Channels of both streams going out.
        content_channels: Channels of f_I[N].
        pose_channels: Channels of P_t (18, plus the planes of target camera and part warp).
        upsample: Whether this module doubles the resolution.
        norm: See :func:`posegan_plugin.models.layers.build_norm`.
        deconvolution: See :class:`posegan_plugin.models.layers.DeconvBlock`.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        content_channels: int,
        pose_channels: int,
        upsample: bool,
        norm: str = "batch",
        deconvolution: str = "resize",
    ) -> None:
        super().__init__()
        self.style = DeconvBlock(
            in_channels + pose_channels, out_channels, norm, deconvolution, upsample
        )
        self.content = nn.Conv2d(content_channels, out_channels, 1)
        self.attention = nn.Sequential(
            ConvBlock(out_channels, out_channels, norm, activation=nn.ReLU(inplace=True)),
            nn.Conv2d(out_channels, out_channels, 3, 1, 1),
        )
        # The image stream may come in at half of x's resolution: it is brought up before it meets
        # A * x, so this convolution itself keeps the size.
        self.upsample = upsample
        self.image = DeconvBlock(
            in_channels + out_channels, out_channels, norm, deconvolution, upsample=False
        )

    def forward(
        self, f_g: Tensor, I_g: Tensor, f_I: Tensor, P_t: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Run one module.

        Args:
            f_g: Appearance stream (B, in_channels, h, w).
            I_g: Image stream (B, in_channels, h, w).
            f_I: Content, f_I[N] (B, content_channels, H/4, W/4).
            P_t: Target pose maps (and camera planes) (B, pose_channels, h, w).

        Returns:
            The new f_g, the new I_g and the attention mask in (0, 1), each
            (B, out_channels, h', w') with h' = 2h if the module upsamples, else h.
        """
        a = self.style(torch.cat((f_g, P_t), dim=1))
        # Copies of pixels change neither mean nor deviation: the content is enlarged after AdaIN.
        x = adaptive_instance_norm(content=self.content(f_I), style=a)
        mask = torch.sigmoid(self._attention(x, a.shape[-1] // x.shape[-1]))
        x = F.interpolate(x, size=a.shape[-2:], mode="nearest")
        return x + a, self._image(I_g, mask * x), mask

    def _attention(self, x: Tensor, factor: int) -> Tensor:
        """What ``attention`` says of x, enlarged."""
        (conv, norm, relu), last = self.attention
        return last(relu(norm(conv_of_enlarged(x, conv.weight, conv.bias, factor))))

    def _image(self, I_g: Tensor, shown: Tensor) -> Tensor:
        """What ``image`` says of I_g, at the resolution of ``shown``, with ``shown`` behind it."""
        conv, norm, relu = self.image
        if self.upsample and isinstance(conv, nn.Conv2d):
            for_I_g, for_shown = conv.weight.split((I_g.shape[1], shown.shape[1]), dim=1)
            joined = conv_of_enlarged(I_g, for_I_g, conv.bias, 2)
            return relu(norm(joined + F.conv2d(shown, for_shown, padding=1)))
        I_g = F.interpolate(I_g, size=shown.shape[-2:], mode="nearest")
        return self.image(torch.cat((I_g, shown), dim=1))


class PAGN(nn.Module):
    """N modules; the last two double the resolution and halve the channels.

    With one block, that block doubles the resolution and the final layer does it once more.

    Args:
        channels: Channels of f_I[N], a multiple of 4.
        pose_channels: Channels of P_t.
        num_blocks: N, at least 1 (paper: 4).
        norm: See :func:`posegan_plugin.models.layers.build_norm`.
        deconvolution: See :class:`posegan_plugin.models.layers.DeconvBlock`.
        pixel_channels: Channels of the map at full resolution that the final layer sees too.
    """

    def __init__(
        self,
        channels: int,
        pose_channels: int,
        num_blocks: int = 4,
        norm: str = "batch",
        deconvolution: str = "resize",
        pixel_channels: int = 0,
    ) -> None:
        super().__init__()
        self.blocks = nn.ModuleList()
        width = channels
        for n in range(num_blocks):
            upsample = n >= num_blocks - 2
            out = width // 2 if upsample else width
            self.blocks.append(
                PAGNModule(width, out, channels, pose_channels, upsample, norm, deconvolution)
            )
            width = out
        self.head = nn.Sequential(nn.Conv2d(2 * width + pixel_channels, 3, 3, 1, 1), nn.Tanh())

    def forward(
        self, f_I: Tensor, poses: Sequence[Tensor], pixels: Tensor | None = None
    ) -> tuple[Tensor, list[Tensor]]:
        """Generate images.

        Args:
            f_I: f_I[N] (B, channels, H/4, W/4): the start of both streams and AdaIN's content.
            poses: P_t at the resolution that each module works at, one (B, pose_channels, h, w)
                a module: H/4 x W/4 for all but the last module, H/2 x W/2 for the last of several.
            pixels: What the final layer sees too (B, pixel_channels, H, W), if it was built so.

        Returns:
            I_g (B, 3, H, W) in (-1, 1) and the N attention masks.
        """
        f_g = I_g = f_I
        masks = []
        for block, P_t in zip(self.blocks, poses, strict=True):
            f_g, I_g, mask = block(f_g, I_g, f_I, P_t)
            masks.append(mask)
        streams = torch.cat((I_g, f_g), dim=1)
        if len(self.blocks) == 1:
            streams = F.interpolate(streams, scale_factor=2, mode="nearest")
        if pixels is not None:
            streams = torch.cat((streams, pixels), dim=1)
        return self.head(streams), masks
