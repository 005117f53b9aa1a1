"""Batches that torchreid has no sampler for: random images, with a second one of some people."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch.utils.data import DataLoader

from posegan_plugin.datasets import PartnerSampler
from posegan_plugin.errors import UserError


class _RandomPartners(PartnerSampler):
    """Its order follows from torch's random numbers, as that of torchreid's own samplers."""

    def __iter__(self) -> Iterator[int]:
        self.set_epoch(int(torch.randint(2**31, ())))
        return super().__iter__()


def use_partners(datamanager: object, num_partners: int) -> None:
    """Let a data manager's training batches be random images and a second one of some people.

    A metric loss and the generator need two images of a person. From random weights a network learns
    much more from such batches than from P identities x K images, torchreid's
    ``RandomIdentitySampler`` (docs/reid_accuracy.md). An epoch still shows every image once, so it
    has more steps.

    Args:
        datamanager: torchreid's ``ImageDataManager``, before it is wrapped and before an engine is
            built on it; changed in place.
        num_partners: How many images of a batch are second ones; see
            :class:`posegan_plugin.datasets.PartnerSampler`.

    Raises:
        UserError: The training set or the batch is too small, no person has two images, or the
            manager is wrapped already.
    """
    if hasattr(datamanager, "extra_keys_read"):
        raise UserError(
            "use_partners makes the training loader anew: call it before PoseTransferDataManager wraps "
            "the data manager"
        )
    loader = datamanager.train_loader
    people = [int(item[1]) for item in loader.dataset.data]
    datamanager.train_loader = DataLoader(
        loader.dataset,
        batch_size=loader.batch_size,
        sampler=_RandomPartners(people, loader.batch_size - num_partners, num_partners),
        num_workers=loader.num_workers,
        pin_memory=loader.pin_memory,
        drop_last=True,
    )
