import json
from types import SimpleNamespace

import numpy as np
import pytest

from posegan_plugin.evaluation import RankingScores
from posegan_plugin.for_mmengine import ReIDMetric
from posegan_plugin.for_mmengine.hooks import CmcHook
from posegan_plugin.for_mmengine.hooks import cmc as module


@pytest.fixture
def runner(tmp_path):
    metric = ReIDMetric()
    metric.scores = RankingScores(np.array([0.25, 0.75], np.float32), 0.5, 0.5, 4, 5)
    evaluator = SimpleNamespace(metrics=[metric])
    return SimpleNamespace(
        work_dir=str(tmp_path), epoch=7, val_loop=SimpleNamespace(evaluator=evaluator)
    )


def test_file_is_that_of_the_last_evaluation(runner, tmp_path):
    hook = CmcHook()
    hook.after_val_epoch(runner, {})
    runner.epoch = 8
    hook.after_val_epoch(runner, {})
    content = json.loads((tmp_path / "cmc.json").read_text())
    assert content == {"epoch": 8, "num_queries": 4, "cmc": [0.25, 0.75]}
    assert [path.name for path in tmp_path.iterdir()] == ["cmc.json"]


def test_no_metric_or_another_process(runner, tmp_path, monkeypatch):
    metrics, runner.val_loop.evaluator.metrics = runner.val_loop.evaluator.metrics, []
    CmcHook().after_val_epoch(runner, {})
    metrics[0].scores = None
    runner.val_loop.evaluator.metrics = metrics
    monkeypatch.setattr(module, "is_main_process", lambda: False)
    CmcHook().after_val_epoch(runner, {})
    assert list(tmp_path.iterdir()) == []
