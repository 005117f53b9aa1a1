"""Answers that need no generator, which a generator has to beat.

SSIM rewards fog: on small, varied images a blurred copy or the mean of the training images can come
close to published generators.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from posegan_plugin.datasets import PersonDataset
from posegan_plugin.errors import UserError
from posegan_plugin.evaluation.image_scores import ssim
from posegan_plugin.images import from_uint8, resize_images

_CHUNK = 64  # images scored at a time


@dataclass(frozen=True)
class MeanImages:
    """Mean training images: over all, and of each camera.

    Attributes:
        overall: (3, H, W) in [-1, 1].
        by_camera: The same of each camera.
    """

    overall: Tensor
    by_camera: dict[int, Tensor]

    @classmethod
    def of(cls, dataset: PersonDataset, size: tuple[int, int], at_most: int = 3000) -> MeanImages:
        """Means of (at most so many, evenly spread) images of a data set, at (height, width)."""
        rows = np.linspace(0, len(dataset) - 1, min(at_most, len(dataset))).astype(int)
        sums: dict[int, Tensor] = {}
        for row in rows:
            camera = int(dataset.camids[row])
            image = from_uint8(dataset[row]["image"][None].cpu())[0]
            sums[camera] = sums.get(camera, 0) + torch.cat((image, torch.ones_like(image[:1])))
        sized = {c: resize_images((s[:3] / s[3:])[None], size)[0] for c, s in sums.items()}
        total = sum(sums.values())
        return cls(resize_images((total[:3] / total[3:])[None], size)[0], sized)


def trivial_answers(
    conditions: Tensor,
    targets: Tensor,
    target_camids: Tensor | None = None,
    mean_image: Tensor | None = None,
    camera_means: Mapping[int, Tensor] | None = None,
    blur_sigmas: Sequence[float] = (1.0, 2.0, 3.0, 4.0),
) -> dict[str, float]:
    """Mean SSIM of answers that need no generator.

    Give the whole evaluation set at once, since the best blur is chosen for the set and not for
    each image.

    Args:
        conditions: (N, C, H, W) condition images in [-1, 1].
        targets: (N, C, H, W) true target images in [-1, 1].
        target_camids: (N,) cameras of the targets; needed with ``camera_means``.
        mean_image: (C, H, W) mean of the training images.
        camera_means: mean of the training images of each camera, (C, H, W), by camera.
        blur_sigmas: widths in pixels of the Gaussian blurs to try; empty leaves the blur out.

    Returns:
        Mean SSIM in the order "copy", "blurred_copy" (the best blur), "mean_image",
        "camera_mean"; answers whose arguments are missing are left out.

    Raises:
        UserError: if a target's camera has no mean image, or cameras are missing altogether.
    """
    answers = {"copy": _mean_ssim(lambda part: conditions[part], targets)}
    if blur_sigmas:
        answers["blurred_copy"] = max(
            _mean_ssim(lambda part, sigma=sigma: gaussian_blur(conditions[part], sigma), targets)
            for sigma in blur_sigmas
        )
    if mean_image is not None:
        answers["mean_image"] = _mean_ssim(
            lambda part: mean_image.expand_as(targets[part]), targets
        )
    if camera_means is not None:
        camids = [] if target_camids is None else target_camids.tolist()
        missing = sorted(set(camids) - set(camera_means))
        if missing or len(camids) != len(targets):
            raise UserError(
                f"The mean image of the target's camera needs the camera of all {len(targets)} "
                f"targets ({len(camids)} given) and a mean of each (missing: {missing})."
            )
        answers["camera_mean"] = _mean_ssim(
            lambda part: torch.stack([camera_means[camid] for camid in camids[part]]), targets
        )
    return answers


def _mean_ssim(answer: Callable[[slice], Tensor], targets: Tensor) -> float:
    """Mean SSIM of the images ``answer`` gives for each slice of the targets."""
    parts = [slice(start, start + _CHUNK) for start in range(0, len(targets), _CHUNK)]
    return torch.cat([ssim(answer(part), targets[part]) for part in parts]).mean().item()


def gaussian_blur(images: Tensor, sigma: float) -> Tensor:
    """Blur images with a Gaussian that repeats the edge pixels outside.

    Args:
        images: (B, C, H, W), any floating type.
        sigma: width in pixels, above 0.

    Returns:
        (B, C, H, W) float32.
    """
    images = images.float()
    radius = int(3 * sigma + 0.5)
    x = torch.arange(-radius, radius + 1, device=images.device, dtype=torch.float32)
    kernel = torch.exp(-0.5 * (x / sigma) ** 2)
    kernel = (kernel / kernel.sum()).expand(images.shape[1], 1, -1)
    rows = F.pad(images, (radius, radius, 0, 0), mode="replicate")
    rows = F.conv2d(rows, kernel[:, :, None, :], groups=images.shape[1])
    columns = F.pad(rows, (0, 0, radius, radius), mode="replicate")
    return F.conv2d(columns, kernel[:, :, :, None], groups=images.shape[1])
