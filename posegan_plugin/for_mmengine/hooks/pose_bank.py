"""Hands the training set's poses to the model, and says how many people can be posed."""

from __future__ import annotations

import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner

from posegan_plugin.for_mmengine.model import unwrap


class PoseBankHook(Hook):
    """Reports the coverage of the key points and fills the pose bank of mode ``online``."""

    def before_train(self, runner: Runner) -> None:
        """Read the poses from the training set."""
        model, dataset = unwrap(runner.model), runner.train_dataloader.dataset
        if not model.needs_poses:
            return
        runner.logger.info("Key points: %s", dataset.coverage(model.policy.min_joints))
        model.use_poses(
            dataset.keypoints, torch.from_numpy(dataset.pids), torch.from_numpy(dataset.camids)
        )
