"""What all samplers of batches have in common."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from functools import cached_property

import numpy as np
import torch.distributed as dist
from torch.utils.data import Sampler

from posegan_plugin.errors import UserError


class EpochSampler(Sampler[int]):
    """A sampler whose order depends on (seed, epoch) alone, sharded over processes by batches.

    Args:
        batch_size: Of the loader's batches, which are made of so many rows after each other.
        seed: Seed of the order; ``None`` is 0.
    """

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
        """Batches that each process gets in an epoch.

        Raises:
            UserError: There are fewer batches than processes: nobody would train.
        """
        batches = self._count_batches()
        if batches < self.world_size:
            raise UserError(
                f"the training set makes {batches} batches an epoch for {self.world_size} processes: "
                "use smaller batches or fewer processes"
            )
        return batches // self.world_size

    def __len__(self) -> int:
        return self.num_batches * self.batch_size

    def __iter__(self) -> Iterator[int]:
        batches = self._batches(np.random.default_rng((self.seed, self.epoch)))
        # Every process gets as many batches: a longer one would wait for the others for ever.
        whole = self.num_batches * self.world_size
        for batch in batches[self.rank : whole : self.world_size]:
            yield from batch


def rows_by_identity(dataset: object) -> list[np.ndarray]:
    """Rows of each identity of a data set with ``pids``, or of the identities themselves."""
    pids: Sequence[int] = getattr(dataset, "pids", dataset)
    pids = np.asarray(pids)
    return [np.flatnonzero(pids == pid) for pid in np.unique(pids)]
