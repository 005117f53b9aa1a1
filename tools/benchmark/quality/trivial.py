"""Answers that need no training, in the shape of a generator, so that the same code scores them."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from posegan_plugin.evaluation.trivial_answers import MeanImages, gaussian_blur

_BLUR = 4 / 128
"""Sigma of the blurred copy, as a share of the image height."""


class TrivialGenerator(nn.Module):
    """Gives the condition image, a blurred one, or a mean training image.

    Args:
        answer: ``copy``, ``blurred_copy``, ``mean_image`` or ``camera_mean``.
        means: Of the training images, at the size wanted.
        num_cameras: Cameras of the data set; of one without training images the overall mean stands.
    """

    def __init__(self, answer: str, means: MeanImages, num_cameras: int) -> None:
        super().__init__()
        self.answer = answer
        self.image_size = tuple(means.overall.shape[-2:])
        self.num_cameras = num_cameras
        by_camera = [means.by_camera.get(c, means.overall) for c in range(num_cameras)]
        # A parameter, since generators are asked by theirs which device they are on.
        self.means = nn.Parameter(torch.stack([*by_camera, means.overall]), requires_grad=False)

    def forward(
        self,
        condition: Tensor,
        condition_pose: Tensor,
        target_pose: Tensor,
        target_camera: Tensor,
    ) -> Tensor:
        """Shapes as in :meth:`posegan_plugin.models.PoseTransferGenerator.forward`."""
        if self.answer == "copy":
            return condition
        if self.answer == "blurred_copy":
            return gaussian_blur(condition, _BLUR * self.image_size[0])
        if self.answer == "camera_mean":
            return self.means[target_camera]
        return self.means[-1].expand_as(condition)
