"""Which people meet in a batch: P identities x K images, or quartets."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from functools import cached_property

import numpy as np
import torch.distributed as dist
from torch.utils.data import Sampler

from posegan_plugin.errors import UserError


class _EpochSampler(Sampler[int]):
    """A sampler whose order depends on (seed, epoch) alone, sharded over processes by batches."""

    def __init__(self, batch_size: int, seed: int | None) -> None:
        self.batch_size = batch_size
        self.seed = seed or 0
        self.epoch = 0
        ready = dist.is_available() and dist.is_initialized()
        self.rank = dist.get_rank() if ready else 0
        self.world_size = dist.get_world_size() if ready else 1

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch's order; called by the training loop."""
        self.epoch = epoch

    @abstractmethod
    def _batches(self, rng: np.random.Generator) -> list[list[int]]:
        """All batches of an epoch, the same in every process."""

    @abstractmethod
    def _count_batches(self) -> int:
        """Number of batches in every epoch."""

    @cached_property
    def num_batches(self) -> int:
        """Batches that each process gets in an epoch."""
        return self._count_batches() // self.world_size

    def __len__(self) -> int:
        return self.num_batches * self.batch_size

    def __iter__(self) -> Iterator[int]:
        batches = self._batches(np.random.default_rng((self.seed, self.epoch)))
        # Every process gets as many batches: a longer one would wait for the others for ever.
        whole = self.num_batches * self.world_size
        for batch in batches[self.rank : whole : self.world_size]:
            yield from batch


class IdentitySampler(_EpochSampler):
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
        self.rows = _rows_by_identity(dataset)
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


class QuartetSampler(_EpochSampler):
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
        self.rows = _rows_by_identity(dataset)
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


class PartnerSampler(_EpochSampler):
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
        self.rows_of = {int(row): rows for rows in _rows_by_identity(dataset) for row in rows}
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


def _rows_by_identity(dataset: object) -> list[np.ndarray]:
    pids: Sequence[int] = getattr(dataset, "pids", dataset)
    pids = np.asarray(pids)
    return [np.flatnonzero(pids == pid) for pid in np.unique(pids)]
