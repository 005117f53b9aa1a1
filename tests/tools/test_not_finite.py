import importlib
import math
from pathlib import Path

import pytest
import torch

from posegan_plugin.checkpoint import read_checkpoint
from posegan_plugin.errors import UserError
from posegan_plugin.for_torchreid.resolver import torchreid_module
from posegan_plugin.training import ReIDObjective


@pytest.fixture
def nan_at(monkeypatch):
    """Makes the identity loss nan at the n-th step."""

    def prepare(step):
        forward, calls = ReIDObjective.forward, []

        def poisoned(self, output, batch, progress):
            calls.append(1)
            total, log = forward(self, output, batch, progress)
            if len(calls) == step:
                log["loss_id"] = log["loss_id"] * math.nan
                total = total + log["loss_id"]
            return total, log

        monkeypatch.setattr(ReIDObjective, "forward", poisoned)

    return prepare


def test_mmengine(tiny, nan_at, tmp_path, capsys):
    nan_at(12)
    with pytest.raises(SystemExit) as stop:
        tiny.run("train", work_dir=tmp_path)
    assert stop.value.code == 2
    error = capsys.readouterr().err
    path = tmp_path / "debug_epoch_2_batch_3.pth"
    assert error.startswith("error: loss_id is nan in epoch 2, batch 3, which changed no weight; ")
    assert error.count("\n") == 1
    assert str(path) in error
    checkpoint = read_checkpoint(path)
    files = checkpoint["fault"]["files"]
    assert len(files) == 8
    assert all(f in error and Path(f).is_file() for f in files)
    assert all(v.isfinite().all() for v in checkpoint["state_dict"].values())
    assert set(checkpoint["optimizer"]) >= {"reid", "generator"}
    assert read_checkpoint(tmp_path)["meta"]["epoch"] == 1  # it is not taken for a checkpoint


def test_torchreid(train_run, nan_at, tmp_path, posegan):
    nan_at(2)
    with pytest.raises(
        UserError, match=r"^loss_id is nan in epoch 1, batch 2, which changed"
    ) as error:
        train_run(tmp_path, posegan=posegan("joint"))
    path = tmp_path / "debug_epoch_1_batch_2.pth"
    assert str(path) in str(error.value)
    checkpoint = read_checkpoint(path)
    assert {Path(f).parent.name for f in checkpoint["fault"]["files"]} == {"bounding_box_train"}
    assert len(checkpoint["fault"]["files"]) == 8
    assert checkpoint["optimizer"].keys() == {
        *("reid", "generator", "appearance_discriminator", "pose_discriminator")
    }


@pytest.mark.parametrize(
    ("loss", "term"), [("softmax", "CrossEntropyLoss"), ("triplet", "TripletLoss")]
)
def test_torchreids_own_engines(train_run, tmp_path, monkeypatch, loss, term):
    module = importlib.import_module(f"{torchreid_module('engine').__name__}.image.{loss}")
    forward, calls = getattr(module, term).forward, []

    def poisoned(self, *given):
        calls.append(1)
        return forward(self, *given) * (math.inf if len(calls) == 3 else 1)

    monkeypatch.setattr(getattr(module, term), "forward", poisoned)
    message = f"^loss of {term} is inf in epoch 1, batch 3, which changed no weight"
    with pytest.raises(UserError, match=message):
        train_run(tmp_path, "loss.name", loss)
    state = read_checkpoint(tmp_path / "debug_epoch_1_batch_3.pth")["state_dict"]
    assert all(v.isfinite().all() for v in state.values())


def test_gradient_in_torchreids_own_engine(train_run, tmp_path, monkeypatch):
    """A loss that is finite and a gradient that is not."""
    engine = torchreid_module("engine").Engine

    class Root(torch.autograd.Function):
        @staticmethod
        def forward(context, value):
            return value

        @staticmethod
        def backward(context, gradient):
            return gradient * math.nan

    compute = engine.compute_loss
    monkeypatch.setattr(engine, "compute_loss", lambda *given: Root.apply(compute(*given)))
    with pytest.raises(UserError, match=r"^the gradient of the model is nan in epoch 1, batch 1"):
        train_run(tmp_path)
    state = read_checkpoint(tmp_path / "debug_epoch_1_batch_1.pth")["state_dict"]
    assert all(v.isfinite().all() for v in state.values())
