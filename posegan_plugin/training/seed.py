"""Every epoch's random numbers depend on the seed and the epoch alone."""

from __future__ import annotations

import random

import numpy as np
import torch


def seed_epoch(seed: int, epoch: int, rank: int = 0) -> None:
    """Seed Python, NumPy and torch for one epoch.

    A run that is resumed at an epoch therefore goes on exactly as the uninterrupted one, and no
    generator state has to be stored for each process.

    Args:
        seed: The run's seed, at least 0.
        epoch: The epoch that begins.
        rank: The process, in distributed training.
    """
    sequence = np.random.SeedSequence((seed, epoch, rank))
    python, numpy, torch_seed = (int(s) for s in sequence.generate_state(3))
    random.seed(python)
    np.random.seed(numpy)
    torch.manual_seed(torch_seed)
