"""A progress bar over the whole training."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager

from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner
from tqdm import tqdm
from tqdm.contrib.logging import logging_redirect_tqdm


class ProgressBarHook(Hook):
    """Shows iterations, time left and the main losses, on a terminal only.

    Where the output is a file, mmengine's log lines (which carry an ETA too) are enough.

    Args:
        show: Names of the values shown, as the training step returns them.
    """

    priority = "LOW"

    def __init__(self, show: tuple[str, ...] = ("loss_id", "loss_quartet", "loss_R")) -> None:
        self.show = tuple(show)
        self.bar: tqdm | None = None
        self._lines: AbstractContextManager | None = None

    def before_train(self, runner: Runner) -> None:
        """Open the bar where the (possibly resumed) training stands."""
        self.bar = tqdm(
            total=runner.max_iters,
            initial=runner.iter,
            desc="training",
            unit="it",
            dynamic_ncols=True,
            disable=not (is_main_process() and sys.stderr.isatty()),
        )
        if not self.bar.disable:  # log lines go above the bar instead of through it
            self._lines = logging_redirect_tqdm(loggers=[runner.logger])
            self._lines.__enter__()

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: dict | None = None,
        outputs: dict | None = None,
    ) -> None:
        """Advance by one."""
        if self.bar is None or self.bar.disable:
            return
        values = {k: f"{float(outputs[k]):.3f}" for k in self.show if k in (outputs or {})}
        self.bar.set_postfix(
            epoch=f"{runner.epoch + 1}/{runner.max_epochs}", **values, refresh=False
        )
        self.bar.update()

    def after_train(self, runner: Runner) -> None:
        """Close the bar."""
        if self.bar is not None:
            self.bar.close()
        if self._lines is not None:
            self._lines.__exit__(None, None, None)
