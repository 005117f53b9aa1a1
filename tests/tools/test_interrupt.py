import os
import shlex
import signal

import pytest
import torch
from mmengine.hooks import Hook
from mmengine.registry import HOOKS

from posegan_plugin.comparison import differing_entries

# Everything that draws random numbers and every network takes part.
OPTIONS = {
    "model.objective.adversarial_ramp": "(0,0)",
    "model.objective.semantic_ramp": "(0,0)",
    "model.augment.warmup": 0,
    "model.reid_input.erase": 0.5,
    "model.max_pairs": 5,
}


@HOOKS.register_module()
class SignalHook(Hook):
    """Sends this process a signal once, in the middle of a step or of a validation."""

    moment = None

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        self._send("train", runner.epoch, batch_idx)

    def before_val_iter(self, runner, batch_idx, data_batch=None):
        self._send("val", runner.epoch, batch_idx)

    def _send(self, *now):
        if type(self).moment == now:
            type(self).moment = None
            os.kill(os.getpid(), signal.SIGTERM if now[2] % 2 else signal.SIGINT)


@pytest.fixture(scope="module")
def config(tiny):
    path = tiny.folder / "signal.py"
    path.write_text(
        f"_base_ = [{str(tiny.config)!r}]\n"
        "custom_hooks = [*_base_.custom_hooks, dict(type='SignalHook')]\n"
    )
    return path


@pytest.fixture(scope="module")
def whole(tiny, config):
    return final(tiny.run("train", config=config, options=OPTIONS).work_dir)


def final(work_dir):
    content = torch.load(work_dir / "epoch_2.pth", weights_only=True)
    scalars = content["message_hub"]["log_scalars"]
    content["log"] = {k: v for k, v in scalars.items() if "time" not in k}
    return {k: content[k] for k in ("state_dict", "optimizer", "param_schedulers", "log")}


@pytest.mark.parametrize(
    ("moment", "where", "workers"),
    [
        (("train", 0, 0), "in epoch 1 after 1 of 9 batches", 0),
        (("train", 1, 3), "in epoch 2 after 4 of 9 batches", 2),
        (("train", 1, 8), "in epoch 2 after 9 of 9 batches", 0),
        (("val", 2, 0), "in the validation after epoch 2", 0),
    ],
)
def test_a_signal_loses_nothing(
    tiny, config, whole, tmp_path, monkeypatch, capfd, moment, where, workers
):
    options = {**OPTIONS, "train_dataloader.num_workers": workers}
    run = {"config": config, "options": options, "work_dir": tmp_path}
    monkeypatch.setattr(SignalHook, "moment", moment)
    usual = [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)]
    with pytest.raises(SystemExit) as stop:
        tiny.run("train", **run)
    assert stop.value.code == (143 if moment[2] % 2 else 130)
    assert [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)] == usual

    message = capfd.readouterr().err.splitlines()[-1]
    (path,) = tmp_path.glob("epoch_*_batch_*.pth")
    assert message.startswith(f"interrupted {where}, saved in {path}; go on with: python ")
    line = shlex.split(message.split("go on with: ")[1])
    assert line[1:3] == ["train.py", str(config)]
    assert line[-1] == "--resume"
    assert torch.serialization.get_unsafe_globals_in_checkpoint(str(path)) == []

    resumed = tiny.run("train", **run, resume=True)
    assert differing_entries(whole, final(tmp_path)) == []
    assert not path.exists() or moment[0] == "val"  # the last epoch was saved before it
    assert resumed.metrics["reid/mAP"] > 0  # also where only the validation was left


def test_several_times_in_one_epoch(tiny, config, whole, tmp_path, monkeypatch):
    run = {"config": config, "options": OPTIONS, "work_dir": tmp_path}
    for batch in (2, 3, 7):
        monkeypatch.setattr(SignalHook, "moment", ("train", 0, batch))
        with pytest.raises(SystemExit):
            tiny.run("train", **run, resume=True)
    tiny.run("train", **run, resume=True)
    assert differing_entries(whole, final(tmp_path)) == []
    assert sorted(p.name for p in tmp_path.glob("*.pth")) == ["epoch_1.pth", "epoch_2.pth"]


def test_mmengines_own_loop_cannot_enter_an_epoch(tiny, config, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(SignalHook, "moment", ("train", 0, 2))
    with pytest.raises(SystemExit):
        tiny.run("train", config=config, work_dir=tmp_path)
    capsys.readouterr()
    options = {"train_cfg.type": "EpochBasedTrainLoop"}
    with pytest.raises(SystemExit) as stop:
        tiny.run("train", config=config, work_dir=tmp_path, options=options, resume=True)
    assert stop.value.code == 2
    assert "train_cfg.type='ResumableEpochLoop'" in capsys.readouterr().err


def test_ctrl_c_before_the_training(tiny, capsys, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("posegan_plugin.for_mmengine.config.load_people", stop)
    with pytest.raises(SystemExit) as error:
        tiny.run("train")
    assert error.value.code == 130
    assert capsys.readouterr().err == "interrupted\n"
