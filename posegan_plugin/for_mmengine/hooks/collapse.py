"""Names a collapsed run as such in the log."""

from __future__ import annotations

from mmengine.hooks import Hook
from mmengine.runner import Runner


class CollapseHook(Hook):
    """Warns when all embeddings become the same point, which no metric loss leaves by itself.

    Args:
        threshold: Mean pairwise distance of normalised embeddings (0 to 2) below which an epoch's
            end is called collapsed.
    """

    def __init__(self, threshold: float = 0.05) -> None:
        self.threshold = threshold

    def after_train_epoch(self, runner: Runner) -> None:
        """Look at the mean embedding spread of the epoch's last iterations."""
        history = runner.message_hub.log_scalars.get("train/embedding_spread")
        if history is None:
            return
        spread = float(history.mean(min(20, len(runner.train_dataloader))))
        if spread < self.threshold:
            runner.logger.warning(
                "The embeddings have collapsed: their mean distance is %.3g. Lower the learning "
                "rate, or let the quartet loss start later (model.objective.quartet_ramp).",
                spread,
            )
