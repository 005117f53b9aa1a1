import pytest

from posegan_plugin.evaluation.pose_transfer import PROTOCOLS
from posegan_plugin.report.names import SCORES, describe, format_score, in_order


def test_own_scores_are_described():
    assert {f"transfer/{name}" for name in PROTOCOLS} <= set(SCORES)
    assert all(score.label and score.meaning for score in SCORES.values())


@pytest.mark.parametrize(
    ("name", "best"),
    [
        ("reid/R1", max),
        ("reid/R1 market1501", max),
        ("transfer/FID", min),
        ("transfer/SSIM_trivial", None),
        ("mine/score", None),
    ],
)
def test_which_way_is_up(name, best):
    assert describe(name).best is best


def test_label_of_an_unknown_score():
    assert describe("reid/R1 market1501").label == "R1 market1501"
    assert describe("mine/a/b").label == "a/b"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("reid/R1", "45.7 %"),
        ("transfer/R1_real", "45.7 %"),
        ("transfer/mAP_generated", "45.7 %"),
        ("transfer/PCK_real", "45.7 %"),
        ("transfer/SSIM", "45.678"),
        ("mine/R1_", "45.678"),
    ],
)
def test_units(name, text):
    assert format_score(name, 45.678) == text


def test_order():
    names = ["x", "transfer/SSIM", "reid/mAP", "a", "x", "reid/R1"]
    assert in_order(names) == ["reid/R1", "reid/mAP", "transfer/SSIM", "x", "a"]
