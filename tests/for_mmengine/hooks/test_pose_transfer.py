import logging
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch

from posegan_plugin.errors import UserError
from posegan_plugin.evaluation.transfer_samples import TransferSamples
from posegan_plugin.for_mmengine.hooks import PoseTransferHook
from posegan_plugin.for_mmengine.hooks import pose_transfer as module
from posegan_plugin.for_mmengine.hooks.pose_transfer import transfer_grid
from posegan_plugin.visualization import save_image


@pytest.fixture
def samples():
    """Three pairs whose images have one colour each: red conditions, green, blue, by pair darker."""
    values = torch.tensor([1.0, 0.0, -0.5])
    images = []
    for channel in range(3):
        image = torch.full((3, 3, 32, 16), -1.0)
        image[:, channel] = values[:, None, None]
        images.append(image)
    poses = torch.zeros(3, 18, 3)
    return TransferSamples(None, None, *images, poses, poses, torch.device("cpu"))


def colours(grid):
    return {tuple(c) for c in np.unique(grid.reshape(-1, 3), axis=0).tolist()}


def test_grid_shows_the_first_pairs(samples):
    two, three = transfer_grid(samples, 2), transfer_grid(samples, 3)
    assert two.dtype == np.uint8
    assert two.shape[1:] == three.shape[1:]
    assert three.shape[0] - two.shape[0] >= 32
    for channel in range(3):
        for value, shown in ((255, two), (128, two), (64, three)):
            colour = tuple(value if i == channel else 0 for i in range(3))
            assert colour in colours(shown)
    assert (64, 0, 0) not in colours(two)


def test_columns_stand_in_order(samples):
    grid = transfer_grid(samples, 1)
    left = [
        np.flatnonzero((grid == [255 * (i == c) for i in range(3)]).all(2).any(0)).min()
        for c in (0, 1, 2)
    ]
    red, green, blue = left  # condition, two poses, synthesised, true target
    assert red < green < blue
    assert green - red == pytest.approx(3 * (blue - green), abs=1)


def test_pictures_are_written_in_their_colours(samples, tmp_path):
    path = tmp_path / "grid.png"
    save_image(path, transfer_grid(samples, 3))
    assert (cv2.imread(str(path))[..., ::-1] == transfer_grid(samples, 3)).all()


def quiet_runner(**attributes):
    hub = SimpleNamespace(update_scalars=lambda scores: None)
    return SimpleNamespace(message_hub=hub, **attributes)


def test_nothing_without_a_generator(tmp_path):
    runner = quiet_runner(
        model=SimpleNamespace(generator=None),
        val_dataloader=SimpleNamespace(dataset=None),
        work_dir=str(tmp_path),
    )
    metrics = {"reid/R1": 1.0}
    hook = PoseTransferHook(scores={"lpips": {"weights": "nowhere.pth"}})
    hook.before_run(runner)
    hook.after_val_epoch(runner, metrics)
    assert metrics == {"reid/R1": 1.0}
    assert hook.result is None
    assert not list(tmp_path.iterdir())


def test_other_processes_are_told_the_scores(monkeypatch):
    monkeypatch.setattr(module, "is_main_process", lambda: False)
    told = {"transfer/SSIM": 0.5}
    monkeypatch.setattr(module, "broadcast_object_list", lambda data: data.__setitem__(0, told))
    runner = quiet_runner(
        model=SimpleNamespace(generator=SimpleNamespace(num_cameras=0)),
        val_dataloader=SimpleNamespace(dataset=SimpleNamespace(camids=np.zeros(1, int))),
    )
    metrics = {"reid/R1": 1.0}
    hook = PoseTransferHook(scores={"lpips": {"weights": "nowhere.pth"}})
    hook.before_run(runner)
    hook.after_val_epoch(runner, metrics)
    assert metrics == {"reid/R1": 1.0, **told}


@pytest.mark.parametrize("cameras", [0, 2, 3])
def test_people_that_more_cameras_saw_than_the_generator_knows(monkeypatch, caplog, cameras):
    """A test on another data set: its re-ID scores are not lost."""
    monkeypatch.setattr(PoseTransferHook, "_evaluate", lambda *_: {"transfer/SSIM": 0.5})
    runner = quiet_runner(
        model=SimpleNamespace(generator=SimpleNamespace(num_cameras=cameras)),
        test_dataloader=SimpleNamespace(dataset=SimpleNamespace(camids=np.array([0, 2]))),
        logger=logging.getLogger("hook"),
    )
    metrics = {"reid/R1": 1.0}
    PoseTransferHook().after_test_epoch(runner, metrics)
    assert ("transfer/SSIM" in metrics) == (cameras != 2)
    assert ("knows 2 cameras, these people were seen by 3" in caplog.text) == (cameras == 2)


def test_number_of_pairs(joint_run, tmp_path):
    runner = quiet_runner(
        model=joint_run.runner.model,
        val_dataloader=joint_run.runner.val_dataloader,
        work_dir=str(tmp_path),
    )
    metrics = {}
    PoseTransferHook(num_pairs=0).after_val_epoch(runner, metrics)
    assert metrics == {}
    with pytest.raises(UserError, match=r"num_pairs=-1"):
        PoseTransferHook(num_pairs=-1)


def test_wrong_scores_are_refused_before_the_first_epoch(joint_run):
    hook = PoseTransferHook(scores={"fid": {"weights": "nowhere.pth"}})
    with pytest.raises(UserError, match=r"nowhere\.pth does not exist"):
        hook.before_run(quiet_runner(model=joint_run.runner.model))


def test_pairs_of_every_evaluation_are_the_same(joint_run, tmp_path):
    """The scores in the log of an epoch can be compared with those of another."""
    finished, images = joint_run.runner, []
    runner = quiet_runner(
        model=finished.model,
        val_dataloader=finished.val_dataloader,
        _train_dataloader=finished.train_dataloader,
        visualizer=SimpleNamespace(add_image=lambda name, image, step: images.append(image)),
        logger=finished.logger,
        work_dir=str(tmp_path),
        epoch=7,
        _train_loop=None,
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
