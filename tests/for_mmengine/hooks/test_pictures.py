from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from posegan_plugin import UserError
from posegan_plugin.for_mmengine.hooks import PoseTransferHook, RankedListHook
from posegan_plugin.for_mmengine.hooks._pictures import keep_picture

PICTURE = np.zeros((2, 2, 3), np.uint8)


@pytest.fixture
def evaluate(tmp_path):
    """Pictures of evaluations, as mmengine's ``LocalVisBackend`` copies them."""

    def run(epoch, max_keep, prefix="epoch", name="grid", start="20260101_000000"):
        def add_image(name, picture, step):
            path = tmp_path / start / "vis_data" / "vis_image" / f"{name}_{step}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()

        runner = SimpleNamespace(
            work_dir=str(tmp_path),
            visualizer=SimpleNamespace(add_image=add_image),
            _train_loop={"max_epochs": 9} if epoch is None else None,  # a test alone: no epoch
        )
        if epoch is not None:
            runner.epoch = epoch
        return keep_picture(runner, prefix, name, PICTURE, max_keep)

    return run


def test_a_test_does_not_build_the_training(evaluate):
    assert evaluate(None, max_keep=2).name == "epoch_000.png"


def names(folder):
    return sorted(path.name for path in Path(folder).rglob("*.png"))


def test_the_newest_stay(evaluate, tmp_path):
    for epoch in (8, 9, 10):
        assert evaluate(epoch, 2) == tmp_path / "pictures" / f"epoch_{epoch:03d}.png"
    assert names(tmp_path / "pictures") == ["epoch_009.png", "epoch_010.png"]
    assert names(tmp_path / "20260101_000000") == ["grid_10.png", "grid_9.png"]


def test_newest_by_time_and_over_all_starts(evaluate, tmp_path):
    evaluate(30, 2, start="20260101_000000")
    for epoch in (1, 2):
        evaluate(epoch, 2, start="20260102_000000")
    assert names(tmp_path / "pictures") == ["epoch_001.png", "epoch_002.png"]
    assert names(tmp_path / "20260101_000000") == []
    assert names(tmp_path / "20260102_000000") == ["grid_1.png", "grid_2.png"]


def test_other_files_stay(evaluate, tmp_path):
    evaluate(1, 1, "ranked_epoch", "lists")
    (tmp_path / "pictures" / "mine.png").touch()
    for epoch in (2, 3):
        evaluate(epoch, 1)
    assert names(tmp_path / "pictures") == ["epoch_003.png", "mine.png", "ranked_epoch_001.png"]


def test_all_stay(evaluate, tmp_path):
    for epoch in range(5):
        evaluate(epoch, -1)
    assert len(names(tmp_path / "pictures")) == 5


@pytest.mark.parametrize("hook", [PoseTransferHook, RankedListHook])
@pytest.mark.parametrize("number", [0, -2])
def test_number(hook, number):
    with pytest.raises(UserError, match=rf"{hook.__name__} max_keep_pictures={number} must be"):
        hook(max_keep_pictures=number)
