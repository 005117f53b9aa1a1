import os
import random
import shutil
import signal

import numpy as np
import pytest
import torch

pytest.importorskip("torchreid")

from posegan_plugin.comparison import differing_entries
from posegan_plugin.errors import Interrupted, UserError
from posegan_plugin.for_torchreid.checkpoint_files import checkpoint_sets
from posegan_plugin.for_torchreid.engine_base import SafeEngine
from posegan_plugin.for_torchreid.resolver import torchreid_module
from posegan_plugin.report.events import event_files, read_events

EPOCHS = 4
BATCHES = 3


class Engine(SafeEngine, torchreid_module("engine").ImageTripletEngine):
    """torchreid's own, which seeds nothing; each step also draws random numbers of every kind."""

    kill_at = None
    killer = signal.SIGTERM

    def forward_backward(self, data):
        self._strike("step", self.epoch, self.batch_idx)
        noise = random.random() + np.random.rand() + float(torch.rand(()))
        data = {**data, "img": data["img"] * noise}
        return super().forward_backward(data)

    def extract_features(self, input):
        self._strike("test", self.epoch, 0)
        torch.rand(1)  # a test draws random numbers too
        return super().extract_features(input)

    def save_state(self, epoch, *args, **options):
        files = super().save_state(epoch, *args, **options)
        self._strike("saved", epoch, 0)
        return files

    def _strike(self, *now):
        if self.kill_at == now:
            self.kill_at = None
            if self.killer is None:
                raise SystemExit("as if killed")
            os.kill(os.getpid(), self.killer)


class Loader(list):
    """Its batches depend on the random numbers at the epoch's start."""

    def __iter__(self):
        order = torch.randperm(len(self)).tolist()
        return (self[n] for n in order)


@pytest.fixture
def make(small_manager, small_model):
    state = {k: v.clone() for k, v in small_model.state_dict().items()}
    batch = small_manager.train_loader[0]
    small_manager.train_loader = Loader({**batch, "img": batch["img"] + n} for n in range(BATCHES))

    def build(kill_at=None, killer=signal.SIGTERM):
        small_model.load_state_dict(state)
        optimizer = torch.optim.Adam(small_model.parameters(), 0.01)
        scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1, 0.5)
        random.seed(1), np.random.seed(1), torch.manual_seed(1)
        options = {"weight_x": 1.0, "scheduler": scheduler, "use_gpu": False}
        engine = Engine(small_manager, small_model, optimizer, **options)
        engine.kill_at, engine.killer = kill_at, killer
        return engine

    return build


def run(engine, folder, **options):
    engine.run(folder, max_epoch=EPOCHS, eval_freq=2, print_freq=1, **options)


def final(folder):
    content = torch.load(folder / "model" / f"model.pth.tar-{EPOCHS}", weights_only=True)
    del content["temporary"]
    return content


def names(folder):
    return sorted(p.name.removeprefix("model.pth.tar-") for p in (folder / "model").iterdir())


@pytest.fixture
def whole(make, tmp_path):
    folder = tmp_path / "whole"
    run(make(), folder)
    return final(folder)


def resumed(make, folder):
    engine = make()
    torch.manual_seed(77), random.seed(77)  # both come from the checkpoint
    run(engine, folder, start_epoch=engine.resume(folder))
    return final(folder)


@pytest.mark.parametrize(
    ("moment", "where", "left"),
    [
        (("step", 0, 0), "in epoch 1 after 1 of 3 batches", ["0-batch-1"]),
        (("step", 1, 1), "in epoch 2 after 2 of 3 batches", ["1", "1-batch-2"]),
        (("step", 3, 2), "in epoch 4 after 3 of 3 batches", ["1", "2", "3", "3-batch-3"]),
        (("test", 1, 0), "in the test after epoch 2", ["1", "2"]),
        (("test", 3, 0), "in the test after epoch 4", ["2", "3", "4"]),
    ],
)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_loses_nothing(make, whole, tmp_path, moment, where, left, number):
    folder = tmp_path / "run"
    usual = [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)]
    with pytest.raises(Interrupted) as stop:
        run(make(moment, number), folder)
    assert str(stop.value) == f"interrupted {where}, saved in {folder}"
    assert stop.value.exit_code == 128 + number
    assert names(folder) == left
    assert [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)] == usual
    assert differing_entries(whole, resumed(make, folder)) == []
    assert names(folder) == ["2", "3", "4"]


def test_an_engine_can_test_after_it_was_interrupted(make, tmp_path):
    engine = make(("step", 0, 0))
    with pytest.raises(Interrupted):
        run(engine, tmp_path)
    assert 0 <= engine.test() <= 1
    engine.run(tmp_path, test_only=True)


@pytest.mark.parametrize(
    "moment",
    [
        *(("step", epoch, batch) for epoch, batch in [(1, 0), (1, 2), (2, 1), (3, 2)]),
        *(("test", epoch, 0) for epoch in (1, 3)),
        *(("saved", epoch, 0) for epoch in (1, 2, 3, 4)),
    ],
)
def test_a_kill_loses_an_epoch_at_most(make, whole, tmp_path, moment, capsys):
    folder = tmp_path / "run"
    with pytest.raises(SystemExit):
        run(make(moment, None), folder)
    done = moment[1] + (moment[0] == "test")
    capsys.readouterr()
    assert differing_entries(whole, resumed(make, folder)) == []
    assert f"after epoch {done}\n" in capsys.readouterr().out
    assert names(folder) == ["2", "3", "4"]


def test_tensorboard_has_the_test_that_is_made_up_for(make, tmp_path):
    with pytest.raises(SystemExit):
        run(make(("test", 1, 0), None), tmp_path)
    resumed(make, tmp_path)
    scores = read_events(event_files(tmp_path)[-1]).evaluation["reid/R1"]
    assert sorted(scores) == [2, 4]


def test_several_times_in_one_epoch(make, whole, tmp_path):
    for batch in range(BATCHES):
        engine = make(("step", 1, batch))
        folder = tmp_path / "run"
        start = engine.resume(folder) if folder.exists() else 0
        with pytest.raises(Interrupted, match=f"after {batch + 1} of 3"):
            run(engine, folder, start_epoch=start)
    assert names(folder) == ["1", "1-batch-1", "1-batch-2", "1-batch-3"]
    assert differing_entries(whole, resumed(make, folder)) == []


def test_the_newest_that_can_be_read(make, whole, tmp_path, capsys):
    folder = tmp_path / "run"
    with pytest.raises(Interrupted):
        run(make(("step", 3, 1)), folder)
    assert names(folder) == ["1", "2", "3", "3-batch-2"]
    for name in ("3-batch-2", "3"):
        path = folder / "model" / f"model.pth.tar-{name}"
        path.write_bytes(path.read_bytes()[:-100])
        copy = shutil.copytree(folder, tmp_path / f"without {name}")
        capsys.readouterr()
        assert differing_entries(whole, resumed(make, copy)) == []
        assert f"warning: checkpoint {copy / 'model' / path.name} cannot" in capsys.readouterr().err
    for path in (folder / "model").iterdir():
        path.write_bytes(b"")
    with pytest.raises(UserError, match=r"3-batch-2 cannot be read") as error:
        make().resume(folder)
    assert len(error.value.details) == 3


def test_a_copy_goes_on_where_the_run_stood(make, whole, tmp_path):
    """Copying changes the times of files."""
    folder = tmp_path / "run"
    with pytest.raises(Interrupted):
        run(make(("step", 3, 1)), folder)
    for age, name in enumerate(names(folder)):
        os.utime(folder / "model" / f"model.pth.tar-{name}", (9 - age, 9 - age))
    newest = checkpoint_sets(folder, ["model"])[0]["model"]
    assert newest.name == "model.pth.tar-3-batch-2"
    assert checkpoint_sets(newest.parent, ["model"])[0] == {"model": newest}
    assert differing_entries(whole, resumed(make, folder)) == []


def test_evaluated_epochs_stay_and_of_the_others_the_last(make, tmp_path):
    engine = make()
    engine.keep_last = 1
    engine.run(tmp_path, max_epoch=7, eval_freq=3)
    assert names(tmp_path) == ["3", "6", "7"]
    ranks = {n: torch.load(tmp_path / "model" / f"model.pth.tar-{n}") for n in names(tmp_path)}
    assert [n for n, state in ranks.items() if "rank1" in state] == ["3", "6", "7"]


def test_keeping_no_checkpoint_is_refused(make, tmp_path):
    engine = make()
    engine.keep_last = 0
    with pytest.raises(UserError, match="keep_last=0 would leave no checkpoint"):
        run(engine, tmp_path)


def test_leftovers_of_killed_writes_go(make, tmp_path):
    left = tmp_path / "model" / f".{'0' * 16}.tmp"
    left.parent.mkdir()
    for path in (left, tmp_path / left.name):
        path.write_bytes(b"half")
    run(make(), tmp_path)
    assert not list(tmp_path.rglob("*.tmp"))


def test_another_start_than_the_resumed_one(make, tmp_path):
    run(make(), tmp_path / "a")
    engine = make()
    engine.resume(tmp_path / "a" / "model" / "model.pth.tar-2")
    run(engine, tmp_path / "b", start_epoch=3)  # as torchreid does: from this epoch on
    assert names(tmp_path / "b") == ["4"]


def test_states_that_every_network_has(tmp_path):
    files = {
        "reid": ["1", "2", "2-batch-10", "2-batch-9", "10", "best", "2-batch-x"],
        "generator": ["10", "2-batch-9", "2-batch-10", "2", "11"],
    }
    for name, epochs in files.items():
        (tmp_path / name).mkdir()
        for epoch in epochs:
            (tmp_path / name / f"model.pth.tar-{epoch}").write_bytes(b"")
            os.utime(tmp_path / name / f"model.pth.tar-{epoch}", (5, 5))

    def order():
        found = checkpoint_sets(tmp_path, ["reid", "generator"])
        assert all(s["reid"] == tmp_path / "reid" / s["generator"].name for s in found)
        return [s["generator"].name.removeprefix("model.pth.tar-") for s in found]

    assert order() == ["10", "2-batch-10", "2-batch-9", "2"]
    os.utime(tmp_path / "generator" / "model.pth.tar-10", (4, 4))  # of a run before
    assert order() == ["2-batch-10", "2-batch-9", "2", "10"]
    (tmp_path / "last_state").write_text("model.pth.tar-2\n")
    assert order() == ["2", "2-batch-10", "2-batch-9", "10"]
    (tmp_path / "last_state").write_text("model.pth.tar-11")  # of one network only
    assert order() == ["2-batch-10", "2-batch-9", "2", "10"]
