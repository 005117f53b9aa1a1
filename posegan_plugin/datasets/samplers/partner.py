"""Batches of random images, some of them with another image of the person."""

from __future__ import annotations

import numpy as np

from posegan_plugin.datasets.samplers.epoch import EpochSampler, rows_by_identity
from posegan_plugin.errors import UserError


class PartnerSampler(EpochSampler):
    """Batches of random images, and of another image of the same person for some of them.

    What trains a generator needs two images of a person; a classifier that starts from random
    weights learns much faster from images that are drawn as a plain shuffle draws them than from P
    identities x K images (docs/reid_accuracy.md). An epoch shows every image once among the random
    ones, as far as whole batches go.

    Args:
        dataset: A data set with the attribute ``pids``, or the identities themselves.
        num_images: Random images in a batch; they come first.
        num_partners: How many of them have their partner behind them; the batch size is the sum.
            Where too few of a batch have a second image, those that have get several.
        seed: Seed of the order.

    Raises:
        UserError: There are fewer images than ``num_images``, more partners than images, or no
            identity has two images.
    """

    def __init__(
        self, dataset: object, num_images: int, num_partners: int, seed: int | None = None
    ) -> None:
        super().__init__(num_images + num_partners, seed)
        self.num_images, self.num_partners = num_images, num_partners
        self.rows_of = {int(row): rows for rows in rows_by_identity(dataset) for row in rows}
        if not 0 <= num_partners <= num_images or num_images < 1:
            raise UserError(
                f"sampler num_images={num_images} must be at least 1 and num_partners={num_partners} "
                "from 0 to num_images"
            )
        if len(self.rows_of) < num_images:
            raise UserError(
                f"sampler num_images={num_images} is more than the {len(self.rows_of)} images of the "
                "training set; lower it and the batch size"
            )
        if num_partners and not any(len(rows) > 1 for rows in self.rows_of.values()):
            raise UserError("sampler num_partners: no identity of the training set has two images")

    def _count_batches(self) -> int:
        return len(self.rows_of) // self.num_images

    def _batches(self, rng: np.random.Generator) -> list[list[int]]:
        order = rng.permutation(len(self.rows_of))[: self._count_batches() * self.num_images]
        batches = order.reshape(-1, self.num_images).tolist()
        return [batch + self._partners(batch, rng) for batch in batches]

    def _partners(self, batch: list[int], rng: np.random.Generator) -> list[int]:
        able = [row for row in batch if len(self.rows_of[row]) > 1]
        if not able:  # of a batch of people with one image each; the batch stays full
            able = [row for row, rows in self.rows_of.items() if len(rows) > 1]
        return [self._other(able[n % len(able)], rng) for n in range(self.num_partners)]

    def _other(self, row: int, rng: np.random.Generator) -> int:
        rows = self.rows_of[row]
        return int(rng.choice(rows[rows != row]))
