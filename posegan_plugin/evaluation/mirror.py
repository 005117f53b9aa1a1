"""A person described by an image and by its mirror image."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor
from torch.nn import functional as F


def mirrored(describe: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    """Describe images together with their mirror images.

    Whether somebody walks to the left or to the right says nothing about who it is.

    Args:
        describe: Images (B, 3, H, W) -> descriptors (B, D).

    Returns:
        The same, for means of the unit descriptors of an image and of its mirror image. It takes
        twice as long.
    """

    def describe_both(images: Tensor) -> Tensor:
        return (F.normalize(describe(images)) + F.normalize(describe(images.flip(3)))) / 2

    return describe_both
