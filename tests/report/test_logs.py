from posegan_plugin.report.logs import (
    environment,
    mmengine_start,
    torchreid_epochs,
    torchreid_scores,
)
from posegan_plugin.report.scalars import Start

RULE = "-" * 60
HEADER = f"""2026/11/20 15:41:51 - mmengine - INFO -
{RULE}
System environment:
    sys.platform: linux
    CUDA available: True
    GPU 0,1: A card: with a colon
    PyTorch compiling details: PyTorch built with:
  - GCC 13.3

    OpenCV: 5.0.0

Runtime environment:
    dist_cfg: {{'backend': 'nccl'}}
    seed: 0
{RULE}

2026/11/20 15:41:51 - mmengine - INFO - Config:
    other: 1
"""
RESULTS = """##### Evaluating {target} (source) #####
** Results **
mAP: {mAP}%
CMC curve
Rank-1  : {first}%
Rank-20 : 48.1%
"""


def results(first, mAP=10.0, target="market1501"):
    return RESULTS.format(target=target, mAP=mAP, first=first)


def saved(epoch):
    return f'Checkpoint saved to "log/reid/model.pth.tar-{epoch}"\n'


def test_environment():
    assert environment(HEADER) == {
        "sys.platform": "linux",
        "CUDA available": "True",
        "GPU 0,1": "A card: with a colon",
        "OpenCV": "5.0.0",
        "dist_cfg": "{'backend': 'nccl'}",
        "seed": "0",
    }
    assert environment("no header") == {}


def test_header_that_is_being_written():
    assert environment(HEADER[: HEADER.index("Runtime")]) == {}


def test_mmengine_start():
    assert mmengine_start(HEADER) == Start(0, 0)
    assert mmengine_start(HEADER + "INFO - resumed epoch: 5, iter: 625\n") == Start(625, 5)


def test_torchreid_scores_have_the_epoch_of_the_checkpoint_behind_them():
    text = results(5.8, 11.7) + saved(5) + saved(5) + "epoch: [6/6]\n" + results(3.8) + saved(6)
    assert torchreid_scores(text) == {
        "reid/mAP": {5: 11.7, 6: 10.0},
        "reid/R1": {5: 5.8, 6: 3.8},
        "reid/R20": {5: 48.1, 6: 48.1},
    }


def test_torchreid_test_alone():
    assert torchreid_scores(results(5.8))["reid/R1"] == {0: 5.8}


def test_torchreid_targets():
    text = results(1.0, target="a") + results(2.0, target="b set") + saved(3)
    found = torchreid_scores(text)
    assert found["reid/R1 a"] == {3: 1.0}
    assert found["reid/R1 b set"] == {3: 2.0}
    assert set(found) == {f"reid/{s} {t}" for s in ("mAP", "R1", "R20") for t in ("a", "b set")}


def test_torchreid_log_without_results():
    assert torchreid_scores("=> Start training\n" + saved(1)) == {}
    assert torchreid_scores("") == {}


def test_torchreid_epochs():
    assert torchreid_epochs("epoch: [1/6][1/4]\ttime\nepoch: [2/6][4/4]\tloss") == (2, 6)
    assert torchreid_epochs("=> Start training") is None
