from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch

from posegan_plugin.for_mmengine import ReIDMetric
from posegan_plugin.for_mmengine.hooks import RankedListHook
from posegan_plugin.for_mmengine.hooks import ranked_lists as module
from posegan_plugin.for_mmengine.hooks.ranked_lists import lists_picture
from posegan_plugin.for_mmengine.metric import RankedQueries
from posegan_plugin.visualization import ranked_list_picture

LISTS = RankedQueries(
    np.array([1, 4]),
    np.array([[3, 0], [2, -1]]),
    np.array([[True, False], [False, False]]),
)


class Dataset:
    def __init__(self):
        self.people = [SimpleNamespace(path=f"folder/{row:04d}_c1.jpg") for row in range(5)]

    def __getitem__(self, row):
        return {"image": torch.full((3, 8, 4), 20 * row, dtype=torch.uint8)}


@pytest.fixture
def runner(tmp_path):
    metric = ReIDMetric()
    metric.lists = LISTS
    added = []
    return SimpleNamespace(
        work_dir=str(tmp_path),
        epoch=7,
        _train_loop=None,
        val_loop=SimpleNamespace(evaluator=SimpleNamespace(metrics=[metric])),
        val_dataloader=SimpleNamespace(dataset=Dataset()),
        visualizer=SimpleNamespace(add_image=lambda *a, **k: added.append((a, k))),
        added=added,
    )


def test_picture():
    def image(row):
        return np.full((8, 4, 3), 20 * row, np.uint8)

    expected = ranked_list_picture(
        [image(1), image(4)],
        [[image(3), image(0)], [image(2)]],
        [[True, False], [False]],
        ["0001_c1", "0004_c1"],
    )
    assert np.array_equal(lists_picture(LISTS, Dataset()), expected)


def test_file_and_visualiser(runner, tmp_path):
    RankedListHook().after_val_epoch(runner, {})
    written = cv2.imread(str(tmp_path / "pictures" / "ranked_epoch_007.png"))[..., ::-1]
    expected = lists_picture(LISTS, Dataset())
    assert np.array_equal(written, expected)
    ((name, picture), options) = runner.added[0]
    assert (name, options) == ("ranked_lists", {"step": 7})
    assert np.array_equal(picture, expected)


@pytest.mark.parametrize("why", ["no metric", "no lists", "another process"])
def test_nothing_to_show(runner, tmp_path, monkeypatch, why):
    (metric,) = runner.val_loop.evaluator.metrics
    if why == "no metric":
        runner.val_loop.evaluator.metrics = []
    elif why == "no lists":
        metric.lists = RankedQueries(*(values[:0] for values in LISTS))
    else:
        metric.lists = None
        monkeypatch.setattr(module, "is_main_process", lambda: False)
    RankedListHook().after_val_epoch(runner, {})
    assert list(tmp_path.iterdir()) == []
