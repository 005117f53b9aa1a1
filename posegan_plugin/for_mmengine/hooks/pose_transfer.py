"""Scores the generator at every evaluation and writes a grid of pictures."""

from __future__ import annotations

import numpy as np
from mmengine.dist import broadcast_object_list, is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import nn

from posegan_plugin.errors import UserError
from posegan_plugin.evaluation.pose_transfer import (
    MeanImages,
    TransferPairs,
    TransferResult,
    evaluate_transfer,
    fixed_pairs,
)
from posegan_plugin.evaluation.transfer_samples import TransferSamples, TransferScore
from posegan_plugin.for_mmengine.extra_scores import build_scores
from posegan_plugin.for_mmengine.hooks._pictures import check_max_keep, keep_picture
from posegan_plugin.models.pose_maps import check_cameras
from posegan_plugin.registry import DATASETS
from posegan_plugin.training import unwrap
from posegan_plugin.visualization.figures import pair_grid

PREFIX = "transfer/"


class PoseTransferHook(Hook):
    """Adds ``transfer/...`` scores to the metrics and writes ``pictures/`` into the work dir.

    Scores are those of :func:`posegan_plugin.evaluation.pose_transfer.evaluate_transfer`, over fixed
    pairs of test people. They stand among the metrics like any other: in the logs, in the table at
    the end, and for ``save_best='transfer/SSIM'``. This is a hook and no mmengine metric because a
    metric sees what the evaluation loop hands it, one image at a time, and a generator is asked for
    pairs. Does nothing where the model has no generator.

    Args:
        num_pairs: Pairs that are scored; 0 switches the hook off.
        grid_rows: Pairs that are shown.
        seed: Seed of the pairs.
        max_keep_pictures: The newest that are kept; -1 for all.
        scores: Scores that need further networks, see
            :func:`posegan_plugin.for_mmengine.extra_scores.build_scores`.

    Attributes:
        result: What the last evaluation found; None in all processes but the main one.

    Raises:
        UserError: ``num_pairs`` is negative, or ``max_keep_pictures`` neither positive nor -1.
    """

    def __init__(
        self,
        num_pairs: int = 200,
        grid_rows: int = 8,
        seed: int = 0,
        max_keep_pictures: int = 50,
        scores: dict | None = None,
    ) -> None:
        if num_pairs < 0:
            raise UserError(f"PoseTransferHook num_pairs={num_pairs} must not be negative")
        self.num_pairs = num_pairs
        self.grid_rows = grid_rows
        self.seed = seed
        self.max_keep_pictures = check_max_keep(max_keep_pictures, "PoseTransferHook")
        self.result: TransferResult | None = None
        self._scores = dict(scores or {})
        self._extra: list[TransferScore] = []
        self._pairs: TransferPairs | None = None
        self._means: MeanImages | None = None

    def before_run(self, runner: Runner) -> None:
        """Build the scores that need further networks: what is wrong with them comes out now.

        Raises:
            UserError: An unknown score or option, or weights that cannot be used.
        """
        generator = self._generator(runner)
        if generator is not None and is_main_process():
            device = next(generator.parameters()).device
            self._extra = build_scores(self._scores, tuple(generator.image_size), device)

    def after_val_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        """After an evaluation during training."""
        self._score(runner, runner.val_dataloader.dataset, metrics, "val")

    def after_test_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        """After an evaluation by ``tools/test.py``."""
        self._score(runner, runner.test_dataloader.dataset, metrics, "test")

    def _generator(self, runner: Runner) -> nn.Module | None:
        """What there is to score."""
        return unwrap(unwrap(runner.model).generator) if self.num_pairs else None

    def _score(
        self, runner: Runner, dataset: object, metrics: dict[str, float] | None, phase: str
    ) -> None:
        generator = self._generator(runner)
        if generator is None:
            return
        cameras, remedy = int(dataset.camids.max()) + 1, "use one that was trained on them"
        try:
            check_cameras(generator.num_cameras, cameras, "these people were seen by", remedy)
        except UserError as error:  # a reason to leave these scores out, not to lose the others
            runner.logger.warning("Synthesised people are not scored: %s", error)
            return
        scores = [self._evaluate(runner, dataset, phase) if is_main_process() else None]
        broadcast_object_list(scores)  # every process asks whether its checkpoint is the best
        if metrics is not None:  # for the best checkpoint and the summary
            metrics.update(scores[0])

    def _evaluate(self, runner: Runner, dataset: object, phase: str) -> dict[str, float]:
        """The scores; they are logged, and the grid is written."""
        model, generator = unwrap(runner.model), self._generator(runner)
        generator.eval()
        if self._pairs is None:
            searched_for = dataset.pids[: dataset.num_query]
            self._pairs = fixed_pairs(
                dataset, self.num_pairs, model.min_joints, self.seed, searched_for
            )
            self._means = MeanImages.of(_training_set(runner), tuple(generator.image_size))
        self.result = evaluate_transfer(
            generator, dataset, self._pairs, model, self._means, extra_scores=self._extra
        )
        scores = {f"{PREFIX}{name}": value for name, value in self.result.scores.items()}
        runner.message_hub.update_scalars({f"{phase}/{k}": v for k, v in scores.items()})
        grid = transfer_grid(self.result.samples, self.grid_rows)
        path = keep_picture(runner, "epoch", "pose_transfer", grid, self.max_keep_pictures)
        runner.logger.info("Synthesised people: %s", path)
        return scores


def transfer_grid(samples: TransferSamples, rows: int) -> np.ndarray:
    """Condition, condition pose, target pose, synthesised and true target, one pair a row.

    Args:
        samples: Of an evaluation.
        rows: Number of pairs shown.

    Returns:
        uint8 (H, W, 3).
    """
    return pair_grid(
        samples.conditions[:rows],
        samples.condition_poses[:rows],
        samples.target_poses[:rows],
        {"synthesised": samples.generated[:rows]},
        samples.targets[:rows],
    )


def _training_set(runner: Runner) -> object:
    """The training set, built anew where only a test is run."""
    loader = runner._train_dataloader
    if not isinstance(loader, dict):
        return loader.dataset
    return DATASETS.build({**loader["dataset"], "cache": False})  # few of its images are read
