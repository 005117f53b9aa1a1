from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch

from posegan_plugin.evaluation.pose_transfer import TransferResult
from posegan_plugin.for_mmengine.hooks import PoseTransferHook
from posegan_plugin.for_mmengine.hooks import pose_transfer as module
from posegan_plugin.for_mmengine.hooks.pose_transfer import transfer_grid


@pytest.fixture
def result():
    """Three pairs whose images have one colour each: red conditions, green, blue, by pair darker."""
    values = torch.tensor([1.0, 0.0, -0.5])
    images = []
    for channel in range(3):
        image = torch.full((3, 3, 32, 16), -1.0)
        image[:, channel] = values[:, None, None]
        images.append(image)
    poses = torch.zeros(3, 18, 3)
    return TransferResult({}, *images, poses, poses)


def colours(grid):
    return {tuple(c) for c in np.unique(grid.reshape(-1, 3), axis=0).tolist()}


def test_grid_shows_the_first_pairs(result):
    two, three = transfer_grid(result, 2), transfer_grid(result, 3)
    assert two.dtype == np.uint8
    assert two.shape[1:] == three.shape[1:]
    assert three.shape[0] - two.shape[0] >= 32
    for channel in range(3):
        for value, shown in ((255, two), (128, two), (64, three)):
            colour = tuple(value if i == channel else 0 for i in range(3))
            assert colour in colours(shown)
    assert (64, 0, 0) not in colours(two)


def test_columns_stand_in_order(result):
    grid = transfer_grid(result, 1)
    left = [
        np.flatnonzero((grid == [255 * (i == c) for i in range(3)]).all(2).any(0)).min()
        for c in (0, 1, 2)
    ]
    red, green, blue = left  # condition, two poses, synthesised, true target
    assert red < green < blue
    assert green - red == pytest.approx(3 * (blue - green), abs=1)


def test_pictures_are_written_in_their_colours(result, tmp_path):
    path = tmp_path / "grid.png"
    module.save_image(path, transfer_grid(result, 3))
    assert (cv2.imread(str(path))[..., ::-1] == transfer_grid(result, 3)).all()


@pytest.mark.parametrize("main", [True, False])
def test_nothing_without_a_generator_or_in_other_processes(monkeypatch, main, tmp_path):
    monkeypatch.setattr(module, "is_main_process", lambda: main)
    generator = None if main else object()
    runner = SimpleNamespace(
        model=SimpleNamespace(generator=generator),
        val_dataloader=SimpleNamespace(dataset=None),
        work_dir=str(tmp_path),
    )
    metrics = {"reid/R1": 1.0}
    PoseTransferHook().after_val_epoch(runner, metrics)
    assert metrics == {"reid/R1": 1.0}
    assert not list(tmp_path.iterdir())


def test_pairs_of_every_evaluation_are_the_same(joint_run, tmp_path):
    """The scores in the log of an epoch can be compared with those of another."""
    finished, images = joint_run.runner, []
    runner = SimpleNamespace(
        model=finished.model,
        val_dataloader=finished.val_dataloader,
        _train_dataloader=finished.train_dataloader,
        message_hub=SimpleNamespace(update_scalars=lambda scores: None),
        visualizer=SimpleNamespace(add_image=lambda name, image, step: images.append(image)),
        logger=finished.logger,
        work_dir=str(tmp_path),
        epoch=7,
    )
    generator = finished.model.generator.train()
    hook = next(h for h in finished._hooks if isinstance(h, PoseTransferHook))
    first, second = {}, {}
    hook.after_val_epoch(runner, first)
    assert not generator.training
    PoseTransferHook(num_pairs=8, grid_rows=3).after_val_epoch(runner, second)
    assert first == second
    assert {k: joint_run.metrics[k] for k in first} == first
    written = cv2.imread(str(tmp_path / "pictures" / "epoch_007.png"))[..., ::-1]
    assert len(images) == 2
    assert all(np.array_equal(image, written) for image in images)
