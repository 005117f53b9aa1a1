"""From a loader's batch to people on the training device, synthesised ones included."""

from __future__ import annotations

from dataclasses import replace

import torch
from mmengine.model import BaseDataPreprocessor
from torch import Tensor

from posegan_plugin.augment import PersonBatch, PoseTransferAugment, random_flip
from posegan_plugin.augment.policy import Encoder
from posegan_plugin.images import from_uint8


class ReIDDataPreprocessor(BaseDataPreprocessor):
    """Moves, scales, flips and (in mode ``online``) extends a batch.

    Args:
        flip: Probability that a training person is mirrored, image and key points together.
        non_blocking: See mmengine's ``BaseDataPreprocessor``.

    Attributes:
        augment: Mixes synthesised people into training batches; ``None`` for none.
    """

    def __init__(self, flip: float = 0.5, non_blocking: bool = True) -> None:
        super().__init__(non_blocking=non_blocking)
        self.flip = flip
        self.augment: PoseTransferAugment | None = None

    def forward(
        self,
        data: dict[str, Tensor],
        training: bool = False,
        progress: float = 1.0,
        encoder: Encoder | None = None,
    ) -> PersonBatch:
        """Prepare a batch.

        Args:
            data: ``image`` uint8 (B, 3, H, W), ``keypoints`` (B, 18, 3), ``pid``, ``camid``,
                ``index`` (B,).
            training: Whether to flip and to synthesise.
            progress: Share of the training that is done, in [0, 1].
            encoder: For the identity filter of ``augment``.

        Returns:
            The people, images in [-1, 1].
        """
        data = self.cast_data(data)
        batch = PersonBatch.of_real(
            data["image"], data["keypoints"], data["pid"], data["camid"], data["index"]
        )
        if training:  # mirrored as bytes, a quarter of the memory
            batch = random_flip(batch, self.flip)
        images = from_uint8(batch.images).contiguous(memory_format=torch.channels_last)
        batch = replace(batch, images=images)
        if training and self.augment is not None:
            batch = self.augment(batch, progress, encoder)
        return batch
