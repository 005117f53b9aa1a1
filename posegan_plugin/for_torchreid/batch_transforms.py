"""torchreid's random transforms for synthesised people, which come as batches."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from torch import Tensor

from posegan_plugin.augment import PersonBatch, random_crop, random_erase, random_flip
from posegan_plugin.for_torchreid.transforms import steps_of
from posegan_plugin.images import resize_images


class BatchTransforms:
    """Flip, crop and erasing as often as a data manager's own transforms do them, on whole batches.

    A synthesised person that is never flipped, cropped or erased is known by that. Other steps
    (colour jitter, patches, a user's own) are for real images only.

    Args:
        transform: What the training images go through, steps of torchreid and torchvision.
        size: (height, width) of its images.
        normalize: Brings images in [-1, 1] to the normalisation of its images.
    """

    def __init__(
        self, transform: object, size: tuple[int, int], normalize: Callable[[Tensor], Tensor]
    ) -> None:
        steps = {type(step).__name__: step for step in steps_of(transform)}
        self._flip = float(getattr(steps.get("RandomHorizontalFlip"), "p", 0.0))
        self._crop = float(getattr(steps.get("Random2DTranslation"), "p", 0.0))
        self._erase, self._fill = _erasing(steps.get("RandomErasing"))
        self._size = size
        self._normalize = normalize

    def __call__(self, people: PersonBatch) -> Tensor:
        """Images (B, 3, *size), normalised, of people with images of any size in [-1, 1]."""
        return self.crop_and_erase(random_flip(people, self._flip).images)

    def crop_and_erase(self, images: Tensor) -> Tensor:
        """The same of images (B, 3, H, W) in [-1, 1], without the flip; it has a gradient."""
        if self._crop:
            images = random_crop(images, self._size, self._crop)
        images = self._normalize(resize_images(images, self._size))
        return random_erase(images, self._erase, fill=self._fill) if self._erase else images


def _erasing(step: object | None) -> tuple[float, tuple[float, float, float]]:
    """How often, and in which colour: torchreid's step and torchvision's of the same name differ."""
    if step is None:
        return 0.0, (0.0, 0.0, 0.0)
    if hasattr(step, "probability"):
        return float(step.probability), tuple(map(float, step.mean))
    value = 0.0 if isinstance(step.value, str) else step.value  # "random": noise
    colour = tuple(value) if isinstance(value, Sequence) else (value,) * 3
    return float(step.p), tuple(map(float, colour))
