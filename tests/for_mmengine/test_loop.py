import os
import signal

import pytest
import torch
from mmengine.evaluator import BaseMetric
from mmengine.hooks import EMAHook, Hook

from posegan_plugin.comparison import differing_entries
from posegan_plugin.errors import Interrupted
from posegan_plugin.for_mmengine.hooks import CheckpointFormatHook


class NoScores(BaseMetric):
    def process(self, data_batch, data_samples):
        pass

    def compute_metrics(self, results):
        return {}


class SignalInTheValidation(Hook):
    def before_val_iter(self, runner, batch_idx, data_batch=None):
        os.kill(os.getpid(), signal.SIGTERM)


def test_averaged_weights_stay_apart_when_a_validation_is_interrupted(line_runner, tmp_path):
    runner = line_runner(
        train_cfg={"type": "ResumableEpochLoop", "max_epochs": 1},
        val_cfg={},
        val_evaluator=[NoScores()],
        custom_hooks=[CheckpointFormatHook(), EMAHook(), SignalInTheValidation()],
    )
    with pytest.raises(Interrupted):
        runner.train()
    epoch, left = (
        torch.load(tmp_path / name, weights_only=True)
        for name in ("epoch_1.pth", "epoch_1_batch_0.pth")
    )
    for part in ("state_dict", "ema_state_dict"):
        assert differing_entries(epoch[part], left[part]) == []
