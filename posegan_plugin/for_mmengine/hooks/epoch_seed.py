"""Every epoch's random numbers depend on the seed and the epoch alone."""

from __future__ import annotations

from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.runner import Runner

from posegan_plugin.training import seed_epoch


class EpochSeedHook(Hook):
    """Seeds Python, NumPy and torch anew at the start of each training epoch.

    A run resumed at an epoch therefore goes on exactly as the uninterrupted one, and no generator
    state has to be stored for each process. mmengine restores the seed itself from the checkpoint,
    but not that of the sampler, which is given it here.
    """

    priority = "VERY_HIGH"

    def __init__(self) -> None:
        self._seed: int | None = None

    def before_run(self, runner: Runner) -> None:
        """Remember the seed that the sampler was built with."""
        self._seed = runner.seed

    def before_train(self, runner: Runner) -> None:
        """Give the sampler the seed of the checkpoint, unless the config gave it one of its own."""
        sampler = runner.train_dataloader.sampler
        one_for_all = not runner._randomness_cfg.get("diff_rank_seed")
        if one_for_all and getattr(sampler, "seed", None) == self._seed:
            sampler.seed = runner.seed

    def before_train_epoch(self, runner: Runner) -> None:
        """Derive this epoch's seeds."""
        seed_epoch(runner.seed, runner.epoch, get_rank())
