"""The log history does not grow with the training."""

from __future__ import annotations

from mmengine.hooks import Hook
from mmengine.runner import Runner

from posegan_plugin.errors import UserError


class LogHistoryHook(Hook):
    """Lets mmengine forget old values of the log, which stand in the log files anyway.

    mmengine keeps the last million values of everything that is logged, copies them at every step and
    stores them in every checkpoint: 80 MB, 6 ms a step and 55 MB a checkpoint after 160,000 steps with
    33 values. The log shows means over ``log_processor.window_size`` values or an epoch, never more. (A
    ``window_size='global'`` in ``log_processor.custom_cfg`` needs a ``length`` of the whole training.)

    Args:
        length: Values kept of each; a whole epoch of training or evaluation always is.

    Raises:
        UserError: ``length`` is below 1.
    """

    def __init__(self, length: int = 1000) -> None:
        if length < 1:
            raise UserError(f"LogHistoryHook length={length} must be at least 1")
        self.length = length

    def before_train(self, runner: Runner) -> None:
        """Find out how long an epoch is."""
        loops = (loop for loop in (runner.train_loop, runner.val_loop) if loop is not None)
        self._kept = max(self.length, *(len(loop.dataloader) for loop in loops))

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: dict | None = None,
        outputs: dict | None = None,
    ) -> None:
        """Also values that are logged for the first time get their bound."""
        for history in runner.message_hub.log_scalars.values():
            history.max_length = self._kept
