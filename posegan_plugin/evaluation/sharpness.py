"""Is a synthesised image as rich in detail as a real one? Fog scores below 1, grain above."""

from __future__ import annotations

from torch import Tensor

from posegan_plugin.evaluation.transfer_samples import TransferSamples


def detail(images: Tensor) -> Tensor:
    """Mean absolute difference of neighbouring pixels, over rows and columns.

    Args:
        images: (B, C, H, W), any floating type, at least 2 pixels high and wide.

    Returns:
        (B,) float32, 0 for flat images.
    """
    images = images.float()
    across = images.diff(dim=-1).abs().mean(dim=(1, 2, 3))
    down = images.diff(dim=-2).abs().mean(dim=(1, 2, 3))
    return (across + down) / 2


class Sharpness:
    """Detail of all I_g over that of all I_t; 1 is as sharp as real images of this size."""

    def __init__(self) -> None:
        self.protocols = {
            "sharpness": "mean absolute difference of neighbouring pixels, synthesised over true "
            "target; 1 is best, below is blur, above is grain"
        }

    def __call__(self, samples: TransferSamples) -> dict[str, float]:
        """Score samples, see :class:`posegan_plugin.evaluation.transfer_samples.TransferScore`."""
        return {
            "sharpness": (detail(samples.generated).sum() / detail(samples.targets).sum()).item()
        }
