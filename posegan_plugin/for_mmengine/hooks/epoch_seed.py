"""Every epoch's random numbers depend on the seed and the epoch alone."""

from __future__ import annotations

import random

import numpy as np
import torch
from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.runner import Runner


class EpochSeedHook(Hook):
    """Seeds Python, NumPy and torch anew at the start of each training epoch.

    A run resumed at an epoch therefore goes on exactly as the uninterrupted one, and no generator
    state has to be stored for each process. mmengine restores the seed itself from the checkpoint.
    """

    priority = "VERY_HIGH"

    def before_train_epoch(self, runner: Runner) -> None:
        """Derive this epoch's seeds."""
        sequence = np.random.SeedSequence((runner.seed, runner.epoch, get_rank()))
        python, numpy, torch_seed = (int(s) for s in sequence.generate_state(3))
        random.seed(python)
        np.random.seed(numpy)
        torch.manual_seed(torch_seed)
