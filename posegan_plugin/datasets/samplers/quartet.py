"""Batches of quartets."""

from __future__ import annotations

import numpy as np

from posegan_plugin.datasets.samplers.epoch import EpochSampler, rows_by_identity
from posegan_plugin.errors import UserError


class QuartetSampler(EpochSampler):
    """Batches of quartets: anchor, positive, and two negatives of two further identities (eq. 12).

    Every image whose identity has another one is an anchor once an epoch (as far as whole batches
    go); the other three are drawn at random.

    Args:
        dataset: A data set with the attribute ``pids``, or the identities themselves.
        num_quartets: Quartets in a batch; the batch size is four times as much.
        seed: Seed of the order.

    Raises:
        UserError: There are fewer than three identities, or no identity has two images, or fewer
            anchors than ``num_quartets``.
    """

    def __init__(self, dataset: object, num_quartets: int, seed: int | None = None) -> None:
        super().__init__(4 * num_quartets, seed)
        self.num_quartets = num_quartets
        self.rows = rows_by_identity(dataset)
        self.anchors = [
            (i, int(r)) for i, rows in enumerate(self.rows) if len(rows) > 1 for r in rows
        ]
        if len(self.rows) < 3 or num_quartets < 1 or len(self.anchors) < num_quartets:
            raise UserError(
                f"a batch of {num_quartets} quartets needs at least three identities (the training "
                f"set has {len(self.rows)}) and as many anchors with a second image (it has "
                f"{len(self.anchors)})"
            )

    def _count_batches(self) -> int:
        return len(self.anchors) // self.num_quartets

    def _batches(self, rng: np.random.Generator) -> list[list[int]]:
        order = rng.permutation(len(self.anchors))
        batches = []
        for start in range(0, self._count_batches() * self.num_quartets, self.num_quartets):
            batch: list[int] = []
            for a in order[start : start + self.num_quartets]:
                identity, anchor = self.anchors[a]
                own = self.rows[identity]
                positive = rng.choice(own[own != anchor])
                others = rng.choice(len(self.rows) - 1, 2, replace=False)
                others += others >= identity
                negatives = [rng.choice(self.rows[i]) for i in others]
                batch += [anchor, int(positive), *map(int, negatives)]
            batches.append(batch)
        return batches
