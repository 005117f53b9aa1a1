import logging
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from posegan_plugin.for_mmengine.hooks import PoseBankHook


class Model:
    def __init__(self, needs_poses):
        self.needs_poses = needs_poses
        self.min_joints = 7
        self.given = []

    def use_poses(self, *poses):
        self.given.append(poses)


class People:
    keypoints = torch.ones(2, 18, 3)
    pids = np.array([0, 1])
    camids = np.array([1, 0])

    def coverage(self, min_joints):
        return f"coverage of {min_joints}"


@pytest.mark.parametrize("wrapped", [False, True])
@pytest.mark.parametrize("needs", [True, False])
def test_poses_for_those_who_need_them(caplog, needs, wrapped):
    caplog.set_level(logging.INFO)
    model = Model(needs)
    runner = SimpleNamespace(
        model=SimpleNamespace(module=model) if wrapped else model,
        train_dataloader=SimpleNamespace(dataset=People()),
        logger=logging.getLogger("test_pose_bank"),
    )
    PoseBankHook().before_train(runner)
    assert len(model.given) == int(needs)
    assert ("Key points: coverage of 7" in caplog.text) == needs
    if needs:
        keypoints, pids, camids = model.given[0]
        assert keypoints is People.keypoints
        assert (pids.tolist(), camids.tolist()) == ([0, 1], [1, 0])


@pytest.mark.parametrize("phase", ["val", "test"])
def test_standard_poses_are_chosen_once_by_those_who_want_them(caplog, phase):
    class Posed:
        test_poses = 2
        standard_poses = torch.zeros(0, 18, 3)

        def use_standard_poses(self, keypoints):
            self.standard_poses = keypoints[: self.test_poses]

    class Test:
        asked = 0

        def training_poses(self):
            self.asked += 1
            return torch.ones(5, 18, 3)

    model, dataset = Posed(), Test()
    loader = SimpleNamespace(dataset=dataset)
    caplog.set_level(logging.INFO)
    runner = SimpleNamespace(model=model, logger=logging.getLogger("test_pose_bank"))
    setattr(runner, f"{phase}_dataloader", loader)
    hook = PoseBankHook()
    for _ in range(2):
        getattr(hook, f"before_{phase}")(runner)
    assert (len(model.standard_poses), dataset.asked) == (2, 1)
    assert caplog.text.count("Tests describe people in 2 standard poses besides") == 1
    model.test_poses, model.standard_poses = 0, torch.zeros(0, 18, 3)
    getattr(hook, f"before_{phase}")(runner)
    assert dataset.asked == 1
