"""Names a collapsed run as such in the log."""

from __future__ import annotations

from mmengine.hooks import Hook
from mmengine.runner import Runner

from posegan_plugin.training.collapse import COLLAPSED, collapse_warning


class CollapseHook(Hook):
    """Warns when all embeddings become the same point, which no metric loss leaves by itself.

    Args:
        threshold: Mean pairwise distance of normalised embeddings (0 to 2) below which an epoch's
            end is called collapsed.
    """

    def __init__(self, threshold: float = COLLAPSED) -> None:
        self.threshold = threshold

    def after_train_epoch(self, runner: Runner) -> None:
        """Look at the mean embedding spread of the epoch's last iterations."""
        history = runner.message_hub.log_scalars.get("train/embedding_spread")
        if history is None:
            return
        spread = float(history.mean(min(20, len(runner.train_dataloader))))
        warning = collapse_warning(spread, self.threshold)
        if warning:
            runner.logger.warning(warning)
