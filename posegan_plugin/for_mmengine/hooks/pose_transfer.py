"""Scores the generator at every evaluation and writes a grid of pictures."""

from __future__ import annotations

from pathlib import Path

from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner

from posegan_plugin.evaluation.pose_transfer import (
    MeanImages,
    TransferPairs,
    TransferResult,
    evaluate_transfer,
    fixed_pairs,
)
from posegan_plugin.for_mmengine.model import unwrap
from posegan_plugin.registry import DATASETS
from posegan_plugin.visualization import image_grid, pose_picture, save_image, to_uint8

COLUMNS = ("condition", "its pose", "target pose", "synthesised", "true target")


class PoseTransferHook(Hook):
    """Adds ``transfer/...`` scores to the metrics and writes ``pictures/`` into the work dir.

    Scores are those of :func:`posegan_plugin.evaluation.pose_transfer.evaluate_transfer`, over fixed
    pairs of test people. Does nothing where the model has no generator.

    Args:
        num_pairs: Pairs that are scored.
        grid_rows: Pairs that are shown.
        seed: Seed of the pairs.
    """

    def __init__(self, num_pairs: int = 200, grid_rows: int = 8, seed: int = 0) -> None:
        self.num_pairs = num_pairs
        self.grid_rows = grid_rows
        self.seed = seed
        self._pairs: TransferPairs | None = None
        self._means: MeanImages | None = None

    def after_val_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        """After an evaluation during training."""
        self._score(runner, runner.val_dataloader.dataset, metrics, "val")

    def after_test_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        """After an evaluation by ``tools/test.py``."""
        self._score(runner, runner.test_dataloader.dataset, metrics, "test")

    def _score(
        self, runner: Runner, dataset: object, metrics: dict[str, float] | None, phase: str
    ) -> None:
        model = unwrap(runner.model)
        generator = unwrap(model.generator)
        if generator is None or not is_main_process():
            return
        generator.eval()
        if self._pairs is None:
            searched_for = dataset.pids[: dataset.num_query]
            self._pairs = fixed_pairs(
                dataset, self.num_pairs, model.policy.min_joints, self.seed, searched_for
            )
            self._means = MeanImages.of(_training_set(runner), tuple(generator.image_size))
        result = evaluate_transfer(generator, dataset, self._pairs, model, self._means)
        scores = {f"transfer/{name}": value for name, value in result.scores.items()}
        runner.message_hub.update_scalars({f"{phase}/{k}": v for k, v in scores.items()})
        if metrics is not None:  # for the best checkpoint and the summary
            metrics.update(scores)
        grid = transfer_grid(result, self.grid_rows)
        path = Path(runner.work_dir) / "pictures" / f"epoch_{runner.epoch:03d}.png"
        save_image(path, grid)
        runner.visualizer.add_image("pose_transfer", grid, step=runner.epoch)
        runner.logger.info("Synthesised people: %s", path)


def transfer_grid(result: TransferResult, rows: int) -> object:
    """Condition, condition pose, target pose, synthesised and true target, one pair a row.

    Args:
        result: Of an evaluation.
        rows: Number of pairs shown.

    Returns:
        uint8 (H, W, 3).
    """
    size = tuple(result.targets.shape[-2:])
    shown = slice(0, rows)
    columns = (
        to_uint8(result.conditions[shown]),
        [pose_picture(k.numpy(), size) for k in result.condition_poses[shown]],
        [pose_picture(k.numpy(), size) for k in result.target_poses[shown]],
        to_uint8(result.generated[shown]),
        to_uint8(result.targets[shown]),
    )
    return image_grid(list(zip(*columns, strict=True)), COLUMNS)


def _training_set(runner: Runner) -> object:
    """The training set, built anew where only a test is run."""
    loader = runner._train_dataloader
    return DATASETS.build(loader["dataset"]) if isinstance(loader, dict) else loader.dataset
