import math
from pathlib import Path

import pytest

from posegan_plugin.report import Run
from posegan_plugin.report.scalars import Scalars, Start
from posegan_plugin.report.summary import Value, progress, resumes, summary_rows


def run(evaluation=None, epochs=None, **scalars):
    return Run(Path("w"), "mmengine", Scalars({}, evaluation or {}, **scalars), epochs=epochs)


def test_last_and_best():
    scores = {"reid/R1": {1: 10.0, 2: 30.0, 3: 20.0}, "transfer/LPIPS": {1: 0.5, 3: 0.25}}
    first, second = summary_rows([run(scores)])
    assert (first.score.label, second.score.label) == ("R1", "LPIPS")
    assert first.values == [(Value("20.0 %", "epoch 3"), Value("30.0 %", "epoch 2"))]
    assert second.values == [(Value("0.250", "epoch 3"), Value("0.250", "epoch 3"))]


def test_several_runs():
    (row,) = summary_rows([run(), run({"reid/R1": {0: 5.0}})])
    assert row.values == [(None, None), (Value("5.0 %", "test"), Value("5.0 %", "test"))]


def test_scores_that_have_no_best():
    rows = summary_rows([run({"transfer/SSIM_trivial": {1: 0.5}, "mine/x": {1: 0.5}})])
    assert [row.values[0][1] for row in rows] == [None, None]


def test_not_a_number_is_no_best():
    (row,) = summary_rows([run({"reid/R1": {1: 10.0, 2: math.nan}})])
    assert row.values == [(Value("10.0 %", "epoch 1"), Value("10.0 %", "epoch 1"))]
    (row,) = summary_rows([run({"reid/R1": {2: math.nan}})])
    assert row.values == [(None, None)]


@pytest.mark.parametrize(
    ("epoch", "epochs", "words"),
    [(3, 8, "reached epoch 3 of 8"), (3, None, "reached epoch 3"), (None, 8, "no training step")],
)
def test_progress(epoch, epochs, words):
    assert progress(run(epoch=epoch, epochs=epochs)).startswith(words)


def test_resumes():
    starts = [Start(0, 0), Start(100, 2), Start(150)]
    assert resumes(run(starts=starts)) == ["after epoch 2", "after iteration 150"]
    assert resumes(run()) == []
