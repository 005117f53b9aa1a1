"""Random horizontal flip of people, image and key points together."""

from __future__ import annotations

from dataclasses import replace

import torch

from posegan_plugin.augment.person_batch import PersonBatch
from posegan_plugin.pose import flip_keypoints
from posegan_plugin.transfer import send


def random_flip(batch: PersonBatch, probability: float) -> PersonBatch:
    """Mirror people at random; left and right joints change places with their sides.

    Args:
        batch: People.
        probability: In [0, 1], for each person.

    Returns:
        A new batch with the flipped people; random numbers come from the CPU's default generator.
    """
    flipped = send(torch.rand(len(batch)) < probability, batch.images.device)
    return replace(
        batch,
        images=torch.where(flipped[:, None, None, None], batch.images.flip(-1), batch.images),
        keypoints=flip_keypoints(batch.keypoints, batch.images.shape[-1], mask=flipped),
    )
