import hashlib
import json
import math
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from posegan_plugin.evaluation.pose_transfer import TransferPairs, TransferResult
from posegan_plugin.evaluation.transfer_samples import Average, TransferSamples
from posegan_plugin.for_mmengine.hooks import PoseTransferHook, SummaryHook
from posegan_plugin.for_mmengine.metric import ReIDMetric
from posegan_plugin.for_mmengine.score_report import report_scores

METRICS = {"reid/R1": 50.0, "transfer/SSIM": 0.25, "transfer/mask_SSIM": math.nan, "other": 1}


@pytest.fixture
def result():
    """Three pairs of two people."""
    pairs = TransferPairs(np.array([0, 1, 2]), np.array([1, 0, 3]))
    people = SimpleNamespace(pids=np.array([7, 7, 9, 9]))
    samples = TransferSamples(people, pairs, *[torch.zeros(3, 3, 8, 4)] * 5, torch.device("cpu"))
    averages = {"SSIM": Average(0.25, 0.0123, 3), "mask_SSIM": Average(math.nan, None, 0)}
    protocols = {"SSIM": "as everywhere", "mask_SSIM": "of the person"}
    return TransferResult(averages, protocols, samples)


@pytest.fixture
def run(tmp_path):
    """A runner after its test, and the checkpoint."""
    checkpoint = tmp_path / "epoch_2.pth"
    checkpoint.write_bytes(b"weights")
    hooks = [SummaryHook(), PoseTransferHook(num_pairs=3, seed=5)]
    config = SimpleNamespace(filename="config.py")
    runner = SimpleNamespace(
        hooks=hooks,
        work_dir=str(tmp_path / "run"),
        cfg=config,
        model=torch.nn.Module(),
        test_loop=SimpleNamespace(evaluator=SimpleNamespace(metrics=[ReIDMetric()])),
    )
    return runner, checkpoint


def read(runner):
    def refuse(name):
        raise AssertionError(f"{name} is no JSON")

    return json.loads(Path(runner.work_dir, "scores.json").read_text(), parse_constant=refuse)


def test_file(run, result):
    runner, checkpoint = run
    runner.hooks[1].result = result
    report_scores(runner, checkpoint, METRICS)
    report = read(runner)
    assert report["checkpoint"] == str(checkpoint)
    assert report["sha256"] == hashlib.sha256(b"weights").hexdigest()
    assert report["config"] == "config.py"
    assert report["pairs"] == {"seed": 5, "count": 3, "people": 2, "image_size": [8, 4]}
    assert {"posegan_plugin", "torch"} <= set(report["versions"])
    scores = report["scores"]
    assert list(scores) == list(METRICS)
    assert scores["transfer/SSIM"] == {
        "value": 0.25,
        "standard_error": 0.0123,
        "count": 3,
        "protocol": "as everywhere",
    }
    assert scores["transfer/mask_SSIM"]["value"] is None
    assert scores["transfer/mask_SSIM"]["count"] == 0
    assert "Market-1501" in scores["reid/R1"]["protocol"]
    assert scores["other"] == {"value": 1.0}


def test_legend(run, result):
    runner, checkpoint = run
    runner.hooks[1].result = result
    assert report_scores(runner, checkpoint, METRICS).splitlines() == [
        "3 pairs of 2 people at 8x4, ± standard error over people; only figures of one size can be "
        "compared:",
        "transfer/SSIM       ±0.012   as everywhere",
        "transfer/mask_SSIM           of the person; 0 pairs",
        f"tested  {checkpoint}",
        f"scores  {runner.work_dir}/scores.json",
    ]


@pytest.mark.parametrize("prefix", [None, "mine"])
def test_the_protocol_of_the_metric(run, prefix):
    runner, checkpoint = run
    metric = ReIDMetric(distance="cosine", prefix=prefix)
    runner.test_loop.evaluator.metrics[:] = [metric]
    name = f"{prefix or 'reid'}/R1"
    report_scores(runner, checkpoint, {name: 50.0})
    assert read(runner)["scores"][name]["protocol"] == metric.protocol


def test_no_metric_of_ours(run):
    runner, checkpoint = run
    runner.test_loop.evaluator.metrics.clear()
    report_scores(runner, checkpoint, {"reid/R1": 50.0})
    assert read(runner)["scores"]["reid/R1"] == {"value": 50.0}


@pytest.mark.parametrize("hooks", [slice(0, 1), slice(0, 2)])
def test_without_a_generator(run, hooks):
    runner, checkpoint = run
    runner.hooks = runner.hooks[hooks]
    text = report_scores(runner, checkpoint, {"reid/R1": 50.0})
    assert text == f"tested  {checkpoint}\nscores  {runner.work_dir}/scores.json"
    report = read(runner)
    assert report["pairs"] is None
    assert report["scores"]["reid/R1"]["value"] == 50
