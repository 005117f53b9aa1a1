"""Leaves the whole CMC curve, of which the log has some ranks only."""

from __future__ import annotations

import json
from pathlib import Path

from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner

from posegan_plugin.for_mmengine.metric import find_metric
from posegan_plugin.pose.files import write_atomic


class CmcHook(Hook):
    """Writes ``cmc.json`` into the work dir at every evaluation.

    It holds ``epoch`` (epochs done), ``num_queries`` (queries with a true match) and ``cmc``: for rank
    1, 2, ... up to 50 the share of these queries with a true match up to there, in [0, 1].
    """

    def after_val_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        """After an evaluation during training."""
        metric = find_metric(runner.val_loop.evaluator)
        if not is_main_process() or metric is None:
            return
        content = {
            "epoch": runner.epoch,
            "num_queries": metric.scores.num_valid_queries,
            "cmc": metric.scores.cmc.tolist(),
        }
        write_atomic(Path(runner.work_dir) / "cmc.json", json.dumps(content).encode())
