"""Fixed pairs of two images of one person, on which generators are scored."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations

import numpy as np

from posegan_plugin.datasets import PersonDataset
from posegan_plugin.errors import UserError


@dataclass(frozen=True)
class TransferPairs:
    """Rows of a data set: N conditions, and another image of the same person for each."""

    conditions: np.ndarray
    targets: np.ndarray

    def __len__(self) -> int:
        return len(self.conditions)


def fixed_pairs(
    dataset: PersonDataset,
    count: int,
    min_joints: int = 10,
    seed: int = 0,
    identities: np.ndarray | None = None,
) -> TransferPairs:
    """Random pairs of two images of the same person, the same for the same seed.

    Args:
        dataset: People with key points.
        count: Number of pairs; fewer where the data set has fewer.
        min_joints: People with fewer visible joints are left out.
        seed: Seed.
        identities: Only these people; a gallery may hold distractors that share one label without
            being one person.

    Raises:
        UserError: No person has two images with enough joints.
    """
    usable = (dataset.joint_counts >= min_joints).numpy()
    admitted = np.unique(dataset.pids if identities is None else identities)
    rows = (np.flatnonzero(usable & (dataset.pids == pid)) for pid in admitted)
    pairs = [pair for own in rows for pair in permutations(own.tolist(), 2)]
    if not pairs:
        raise UserError(
            f"no person of the test set has two images with at least {min_joints} joints: the "
            "generator cannot be scored; check the key points"
        )
    chosen = np.random.default_rng(seed).permutation(len(pairs))[:count]
    conditions, targets = np.array([pairs[i] for i in chosen]).T
    return TransferPairs(conditions, targets)
