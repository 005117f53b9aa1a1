import math
from pathlib import Path

import pytest

from posegan_plugin.report import Run
from posegan_plugin.report.charts import chart_groups, cmc_chart
from posegan_plugin.report.scalars import Scalars, Start


def run(training=(), evaluation=(), cmc=None, starts=()):
    scalars = Scalars(
        {name: {10: 2.0, 20: 1.0} for name in training},
        {name: {1: 10.0, 2: 20.0} for name in evaluation},
        list(starts),
    )
    return Run(Path("work"), "mmengine", scalars, cmc=cmc or {})


def groups(*runs, names="abc"):
    return {g.title: g for g in chart_groups(runs, names[: len(runs)])}


def titles(group):
    return [chart.title for chart in group.charts]


def test_every_scalar_has_its_place():
    losses = ("loss", "loss_D_I", "decode.loss_x")
    others = ("train_accuracy", "acc", "embedding_spread", "reid.lr", "lr", "time", "memory")
    found = groups(run((*others, *losses), ("mine/score", "reid/mAP", "reid/R1", "transfer/SSIM")))
    assert titles(found["Losses"]) == list(losses)
    assert titles(found["Accuracy and spread"]) == ["train_accuracy", "acc", "embedding_spread"]
    assert titles(found["Learning rates"]) == ["reid.lr", "lr"]
    assert titles(found["Time and other"]) == ["time", "memory"]
    assert titles(found["Re-ID scores"]) == ["R1", "mAP"]
    assert titles(found["Generator scores"]) == ["SSIM"]
    assert titles(found["Other scores"]) == ["score"]


def test_scores_that_belong_together_share_a_chart():
    names = ("transfer/SSIM_trivial", "transfer/SSIM", "transfer/pose_gap", "reid/R10", "reid/R1")
    found = groups(run(evaluation=names))
    (ranks,) = found["Re-ID scores"].charts
    assert ranks.title == "R1, R10"
    assert ranks.styles == {"solid": "R1", "dashed": "R10"}
    assert titles(found["Generator scores"]) == ["SSIM, trivial SSIM", "pose gap"]
    assert found["Generator scores"].charts[1].styles == {}


def test_words_of_a_chart():
    found = groups(run(["loss"], ["reid/R1"]), run(["loss"]))
    assert found["Losses"].charts[0].text == (
        "a, loss: from 2.000 at iteration 10 to 1.000 at iteration 20; "
        "b, loss: from 2.000 at iteration 10 to 1.000 at iteration 20"
    )
    (scores,) = found["Re-ID scores"].charts
    assert scores.text == "a, R1: from 10.0 % at epoch 1 to 20.0 % at epoch 2"


@pytest.mark.parametrize(
    ("series", "words"),
    [
        ({3: 1.0}, "1.000 at iteration 3"),
        ({1: math.nan, 2: 1.0, 3: math.inf}, "1.000 at iteration 2"),
        ({1: math.nan}, "no finite value"),
    ],
)
def test_words_of_short_curves(series, words):
    short = run()
    short.scalars.training["loss"] = series
    assert groups(short)["Losses"].charts[0].text == f"a, loss: {words}"


def test_units_of_the_axis():
    found = groups(run(["loss"], ["reid/R1", "transfer/SSIM"]))
    assert " %</text>" in found["Re-ID scores"].charts[0].svg
    assert "%" not in found["Generator scores"].charts[0].svg
    assert "iteration</text>" in found["Losses"].charts[0].svg
    assert "epoch</text>" in found["Re-ID scores"].charts[0].svg


def test_resume_marks_of_a_single_run():
    resumed = run(["loss"], ["reid/R1"], starts=[Start(0, 0), Start(10, 1)])
    found = groups(resumed)
    assert "--mark" in found["Losses"].charts[0].svg
    assert "--mark" in found["Re-ID scores"].charts[0].svg
    assert "--mark" not in groups(resumed, resumed)["Losses"].charts[0].svg
    assert "--mark" not in groups(run(["loss"], starts=[Start(0, 0)]))["Losses"].charts[0].svg


def test_what_is_missing_is_said():
    found = groups(run())
    assert not any(group.charts for group in found.values())
    for title in ("Re-ID scores", "Generator scores", "Losses"):
        assert found[title].missing


def test_cmc():
    assert cmc_chart([run(), run()], "ab") is None
    chart = cmc_chart([run(), run(cmc={1: 50.0, 2: 75.0})], "ab")
    assert chart.text == "b, CMC: from 50.0 % at rank 1 to 75.0 % at rank 2"
    assert "rank</text>" in chart.svg
    assert "--run-1" in chart.svg
    assert "--run-0" not in chart.svg
