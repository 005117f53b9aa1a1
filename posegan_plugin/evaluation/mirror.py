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
        The same, for unit descriptors (B, D) in the direction of the mean of an image's unit descriptor
        and its mirror image's. It takes twice as long.
    """

    def describe_both(images: Tensor) -> Tensor:
        both = F.normalize(describe(images)) + F.normalize(describe(images.flip(3)))
        # The shorter the mean, the less the two agree: no reason to be near everybody.
        return F.normalize(both)

    return describe_both
