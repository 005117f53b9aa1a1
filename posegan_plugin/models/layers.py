"""Building blocks that every network shares: normalisation, convolution, deconvolution."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from posegan_plugin.errors import UserError
from posegan_plugin.models.upsampling import conv_of_enlarged

NORMS = ("batch", "instance", "none")
DECONVOLUTIONS = ("resize", "transposed")


def memory_format_of(x: Tensor) -> torch.memory_format:
    """Channels first or last; what is joined with ``x`` has to have the same, or both are copied.

    Args:
        x: (B, C, H, W).
    """
    if x.is_contiguous() or not x.is_contiguous(memory_format=torch.channels_last):
        return torch.contiguous_format
    return torch.channels_last


def check_rate(name: str, rate: float) -> None:
    """Refuse what is no rate.

    Args:
        name: How the message calls it.
        rate: In [0, 1].

    Raises:
        UserError: It is not.
    """
    if not isinstance(rate, int | float) or not 0 <= rate <= 1:
        raise UserError(f"{name}={rate!r} must be a number from 0 to 1")


def build_norm(norm: str, channels: int) -> nn.Module:
    """A 2-D normalisation layer by name.

    Args:
        norm: ``batch`` (mmengine's ``sync_bn`` key turns it into synchronised batch norm),
            ``instance`` (affine, no running state) or ``none``.
        channels: Number of channels.

    Raises:
        UserError: Unknown name.
    """
    if norm == "batch":
        return nn.BatchNorm2d(channels)
    if norm == "instance":
        return nn.InstanceNorm2d(channels, affine=True)
    if norm == "none":
        return nn.Identity()
    raise UserError(f"norm={norm!r} is unknown; choose one of {', '.join(NORMS)}")


class ConvBlock(nn.Sequential):
    """3x3 convolution, normalisation and (optionally) an activation.

    Args:
        in_channels: Channels in.
        out_channels: Channels out.
        norm: See :func:`build_norm`.
        stride: 1 or 2; 2 halves height and width.
        activation: The activation module, ``None`` for none.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        norm: str,
        stride: int = 1,
        activation: nn.Module | None = None,
    ) -> None:
        layers: list[nn.Module] = [
            # A bias before a normalisation that removes the mean would do nothing.
            nn.Conv2d(in_channels, out_channels, 3, stride, 1, bias=norm == "none"),
            build_norm(norm, out_channels),
        ]
        if activation is not None:
            layers.append(activation)
        super().__init__(*layers)


class DeconvBlock(nn.Sequential):
    """The paper's "deconvolution", normalisation and ReLU, at the same or twice the resolution.

    Args:
        in_channels: Channels in.
        out_channels: Channels out.
        norm: See :func:`build_norm`.
        kind: ``resize`` (nearest neighbour, then convolution: no checkerboard) or ``transposed``
            (a transposed convolution, the paper's word).
        upsample: Whether height and width double.

    Raises:
        UserError: Unknown ``kind``.
    """

    def __init__(
        self, in_channels: int, out_channels: int, norm: str, kind: str, upsample: bool
    ) -> None:
        if kind not in DECONVOLUTIONS:
            raise UserError(
                f"deconvolution={kind!r} is unknown; choose one of {', '.join(DECONVOLUTIONS)}"
            )
        bias = norm == "none"
        if kind == "transposed":
            kernel, stride = (4, 2) if upsample else (3, 1)
            layers: list[nn.Module] = [
                nn.ConvTranspose2d(in_channels, out_channels, kernel, stride, 1, bias=bias)
            ]
        else:
            layers = [nn.Upsample(scale_factor=2, mode="nearest")] if upsample else []
            layers.append(nn.Conv2d(in_channels, out_channels, 3, 1, 1, bias=bias))
        super().__init__(*layers, build_norm(norm, out_channels), nn.ReLU(inplace=True))

    def forward(self, x: Tensor) -> Tensor:
        """(B, in_channels, h, w) -> (B, out_channels, h, w), or twice as high and wide."""
        if not isinstance(self[0], nn.Upsample):
            return super().forward(x)
        _, conv, norm, relu = self
        return relu(norm(conv_of_enlarged(x, conv.weight, conv.bias, 2)))


def adaptive_instance_norm(content: Tensor, style: Tensor, eps: float = 1e-5) -> Tensor:
    """AdaIN (equation 3): the content with the per-channel mean and deviation of the style.

    Args:
        content: (B, C, H, W), normalised over H and W.
        style: (B, C, h, w), gives mean and standard deviation.
        eps: Added to the variances.

    Returns:
        (B, C, H, W) in the content's dtype. Statistics are computed in float32 at least.
    """
    precise = torch.promote_types(content.dtype, torch.float32)
    c, s = content.to(precise), style.to(precise)
    c_mean, c_var = _mean_and_variance(c)
    s_mean, s_var = _mean_and_variance(s)
    scale = torch.sqrt((s_var + eps) / (c_var + eps))
    return ((c - c_mean) * scale + s_mean).to(content.dtype)


def _mean_and_variance(x: Tensor) -> tuple[Tensor, Tensor]:
    """Over H and W; torch.var_mean takes ten times as long on a CPU where channels come last."""
    mean = x.mean((2, 3), keepdim=True)
    return mean, (x - mean).square().mean((2, 3), keepdim=True)
