"""Shows at every evaluation what the re-ID network finds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner

from posegan_plugin.for_mmengine.hooks._pictures import check_max_keep, keep_picture
from posegan_plugin.for_mmengine.metric import RankedQueries, find_metric
from posegan_plugin.visualization import ranked_list_picture


class RankedListHook(Hook):
    """Writes ``pictures/ranked_epoch_XXX.png`` into the work dir.

    Which queries, and how many gallery images of each, is up to ``num_lists`` and ``list_length`` of
    :class:`posegan_plugin.for_mmengine.metric.ReIDMetric`.

    Args:
        max_keep_pictures: The newest that are kept; -1 for all.

    Raises:
        UserError: ``max_keep_pictures`` is neither positive nor -1.
    """

    def __init__(self, max_keep_pictures: int = 50) -> None:
        self.max_keep_pictures = check_max_keep(max_keep_pictures, "RankedListHook")

    def after_val_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        """After an evaluation during training."""
        metric = find_metric(runner.val_loop.evaluator)
        if not is_main_process() or metric is None or not len(metric.lists.queries):
            return
        picture = lists_picture(metric.lists, runner.val_dataloader.dataset)
        keep_picture(runner, "ranked_epoch", "ranked_lists", picture, self.max_keep_pictures)


def lists_picture(lists: RankedQueries, dataset: object) -> np.ndarray:
    """A query and its first gallery images a row.

    Args:
        lists: Of an evaluation.
        dataset: What was evaluated; ``dataset[row]["image"]`` is uint8 (3, H, W).

    Returns:
        uint8 (H, W, 3).
    """

    def image(row: int) -> np.ndarray:
        return dataset[int(row)]["image"].permute(1, 2, 0).cpu().numpy()

    there = [galleries >= 0 for galleries in lists.galleries]
    return ranked_list_picture(
        [image(row) for row in lists.queries],
        [[image(r) for r in row[kept]] for row, kept in zip(lists.galleries, there, strict=True)],
        [row[kept].tolist() for row, kept in zip(lists.matches, there, strict=True)],
        [Path(dataset.people[row].path).stem for row in lists.queries],
    )
