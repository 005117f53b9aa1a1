"""Batches of P identities x K images."""

from __future__ import annotations

import numpy as np

from posegan_plugin.datasets.samplers.epoch import EpochSampler, rows_by_identity
from posegan_plugin.errors import UserError


class IdentitySampler(EpochSampler):
    """Batches of P identities with K images each; an epoch shows every image about once.

    The images of an identity are shuffled and cut into groups of K, the last one filled up with
    images of the same identity; groups are dealt to batches at random, but so that no identity stands
    in a batch twice. ``len()`` is exact.

    Args:
        dataset: A data set with the attribute ``pids``, or the identities of its rows themselves.
        num_identities: P.
        num_images: K.
        seed: Seed of the order.

    Raises:
        UserError: The data set has fewer than P identities, or P or K is below 1.
    """

    def __init__(
        self, dataset: object, num_identities: int, num_images: int, seed: int | None = None
    ) -> None:
        super().__init__(num_identities * num_images, seed)
        if num_identities < 1 or num_images < 1:
            raise UserError(
                f"sampler num_identities={num_identities} and num_images={num_images} must be at "
                "least 1"
            )
        self.num_identities, self.num_images = num_identities, num_images
        self.rows = rows_by_identity(dataset)
        if len(self.rows) < num_identities:
            raise UserError(
                f"sampler num_identities={num_identities} is more than the {len(self.rows)} "
                "identities of the training set; lower it and the batch size"
            )
        self.groups = [-(-len(rows) // num_images) for rows in self.rows]

    def _deal(self, rng: np.random.Generator) -> list[np.ndarray]:
        """Identities of each batch, drawn by how many groups they have left.

        So an identity is as likely in the last batch as in the first, and meets all others. Those
        that must be in every batch that is left, or could not be used up, are in it.
        """
        left = self._used_groups(rng)
        batches = []
        for remaining in range(self._count_batches(), 0, -1):
            # The smallest of exponential times with these rates: a draw without replacement.
            with np.errstate(divide="ignore"):
                times = rng.exponential(size=len(left)) / left
            times[left == remaining] = 0
            taken = np.argpartition(times, self.num_identities - 1)[: self.num_identities]
            left[taken] -= 1
            batches.append(taken)
        return batches

    def _used_groups(self, rng: np.random.Generator) -> np.ndarray:
        """Groups of each identity that fit into whole batches in which it stands once."""
        batches = self._count_batches()
        used = np.minimum(self.groups, batches)
        excess = used.sum() - batches * self.num_identities
        dropped = rng.permutation(np.repeat(np.arange(len(used)), used))[:excess]
        return used - np.bincount(dropped, minlength=len(used))

    def _count_batches(self) -> int:
        # As many as there can be, with each identity in each of them at most once.
        batches = sum(self.groups) // self.num_identities
        while np.minimum(self.groups, batches).sum() < batches * self.num_identities:
            batches -= 1
        return batches

    def _batches(self, rng: np.random.Generator) -> list[list[int]]:
        queues = []
        for rows, groups in zip(self.rows, self.groups, strict=True):
            missing = groups * self.num_images - len(rows)
            extra = rng.choice(rows, missing, replace=missing > len(rows))
            queues.append(np.concatenate((rng.permutation(rows), extra)).tolist())
        batches = []
        for identities in self._deal(rng):
            batch = []
            for i in identities:
                batch += queues[i][: self.num_images]
                del queues[i][: self.num_images]
            batches.append(batch)
        return batches
