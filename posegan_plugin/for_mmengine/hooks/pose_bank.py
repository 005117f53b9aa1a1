"""Hands the training set's poses to the model, to train and to test with."""

from __future__ import annotations

import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner

from posegan_plugin.for_mmengine.dataset import ReIDDataset
from posegan_plugin.training import unwrap


class PoseBankHook(Hook):
    """Reports the coverage of the key points and fills the pose bank of mode ``online``.

    Before a test it has the standard poses chosen that a model with ``test_poses`` describes people
    in.
    """

    def before_train(self, runner: Runner) -> None:
        """Read the poses from the training set."""
        model, dataset = unwrap(runner.model), runner.train_dataloader.dataset
        if not model.needs_poses:
            return
        runner.logger.info("Key points: %s", dataset.coverage(model.min_joints))
        model.use_poses(
            dataset.keypoints, torch.from_numpy(dataset.pids), torch.from_numpy(dataset.camids)
        )

    def before_val(self, runner: Runner) -> None:
        """Choose the standard poses."""
        _choose_standard_poses(runner, runner.val_dataloader.dataset)

    def before_test(self, runner: Runner) -> None:
        """Likewise."""
        _choose_standard_poses(runner, runner.test_dataloader.dataset)


def _choose_standard_poses(runner: Runner, dataset: ReIDDataset) -> None:
    model = unwrap(runner.model)
    if len(model.standard_poses) < model.test_poses:  # not yet
        model.use_standard_poses(dataset.training_poses())
        runner.logger.info("Tests describe people in %d standard poses besides", model.test_poses)
