"""The appearance and the pose discriminator, D_I and D_P (sections 3.3, 3.4)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from posegan_plugin.errors import UserError
from posegan_plugin.models.layers import NORMS, ConvBlock
from posegan_plugin.pose import NUM_JOINTS

DISCRIMINATOR_NORMS = (*NORMS, "spectral")


class PatchDiscriminator(nn.Module):
    """A stack of strided convolutions that gives one logit a patch; D_I and D_P are of this shape.

    Real and fake go through in one call, concatenated; with the default instance norm each image is
    judged by itself whatever stands beside it in the batch.

    Args:
        in_channels: 3 + 3 for D_I (condition and judged image), 18 + 3 for D_P (target pose maps and
            judged image).
        channels: Width of the first layer; doubled at every layer, at most eight times.
        num_layers: Strided layers.
        norm: See :func:`posegan_plugin.models.layers.build_norm`; the first layer has none. Or
            ``spectral``: maps are not normalised, weights are, all of them, to a largest singular
            value of 1 (Miyato et al., *Spectral normalization for GANs*). No small pattern can then
            be worth much to the generator.

    Raises:
        UserError: Unknown norm, or a size that is none.
    """

    def __init__(
        self, in_channels: int, channels: int = 64, num_layers: int = 3, norm: str = "instance"
    ) -> None:
        super().__init__()
        if norm not in DISCRIMINATOR_NORMS:
            raise UserError(
                f"discriminator norm={norm!r} is unknown; choose one of "
                f"{', '.join(DISCRIMINATOR_NORMS)}"
            )
        for name, size in (("channels", channels), ("num_layers", num_layers)):
            if not isinstance(size, int) or size < 1:
                raise UserError(f"discriminator {name}={size!r} must be a whole number from 1 on")
        inner = "none" if norm == "spectral" else norm
        widths = [channels * min(2**n, 8) for n in range(num_layers)]
        layers: list[nn.Module] = []
        for n, width in enumerate(widths):
            layers.append(
                ConvBlock(
                    widths[n - 1] if n else in_channels,
                    width,
                    inner if n else "none",
                    stride=2,
                    activation=nn.LeakyReLU(0.2, inplace=True),
                )
            )
        self.layers = nn.Sequential(*layers, nn.Conv2d(widths[-1], 1, 3, 1, 1))
        if norm == "spectral":
            for layer in [m for m in self.modules() if isinstance(m, nn.Conv2d)]:
                spectral_norm(layer)

    def forward(self, given: Tensor, image: Tensor) -> Tensor:
        """Judge images.

        Args:
            given: What the image must agree with: I_c (B, 3, H, W) or pose maps (B, 18, H, W).
            image: The judged image (B, 3, H, W) in [-1, 1].

        Returns:
            Logits (B, 1, h, w), positive for "real"; the sigmoid is part of the loss.

        Raises:
            UserError: So many layers leave nothing of images of this size.
        """
        halvings = len(self.layers) - 1
        if max(image.shape[-2:]) <= 2**halvings:
            raise UserError(
                f"discriminator num_layers={halvings} leaves one value of an image of "
                f"{image.shape[-2]}x{image.shape[-1]}: lower it"
            )
        return self.layers(torch.cat((given, image), dim=1))


class AppearanceDiscriminator(PatchDiscriminator):
    """D_I: does the image show the person of the condition image, in realistic detail? (3.3).

    Args: as :class:`PatchDiscriminator`, without ``in_channels``.
    """

    def __init__(self, channels: int = 64, num_layers: int = 3, norm: str = "instance") -> None:
        super().__init__(3 + 3, channels, num_layers, norm)


class PoseDiscriminator(PatchDiscriminator):
    """D_P: does the image show a person in the target pose? (3.4).

    Args: as :class:`PatchDiscriminator`, without ``in_channels``.
    """

    def __init__(self, channels: int = 64, num_layers: int = 3, norm: str = "instance") -> None:
        super().__init__(NUM_JOINTS + 3, channels, num_layers, norm)
