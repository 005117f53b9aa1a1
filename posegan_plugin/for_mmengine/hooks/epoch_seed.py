"""Every epoch's random numbers depend on the seed and the epoch alone."""

from __future__ import annotations

from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.runner import Runner

from posegan_plugin.training import seed_epoch


class EpochSeedHook(Hook):
    """Seeds Python, NumPy and torch anew at the start of each training epoch.

    A run resumed at an epoch therefore goes on exactly as the uninterrupted one, and no generator
    state has to be stored for each process. mmengine restores the seed itself from the checkpoint.
    """

    priority = "VERY_HIGH"

    def before_train_epoch(self, runner: Runner) -> None:
        """Derive this epoch's seeds."""
        seed_epoch(runner.seed, runner.epoch, get_rank())
