import os

import numpy as np
import pytest
import torch
from torch import nn

pytest.importorskip("torchreid")

from posegan_plugin.errors import UserError
from posegan_plugin.for_torchreid.checkpoint_files import fitted_state, write_checkpoint
from posegan_plugin.for_torchreid.engine_base import SafeEngine
from posegan_plugin.for_torchreid.resolver import torchreid_module

Triplet = torchreid_module("engine").ImageTripletEngine


class SafeTriplet(SafeEngine, Triplet):
    pass


def sgd(model, lr=0.1):
    return torch.optim.SGD(model.parameters(), lr, momentum=0.9)


@pytest.fixture
def engine(small_manager, small_model):
    optimizer = sgd(small_model)
    scheduler = torch.optim.lr_scheduler.MultiStepLR(optimizer, [1, 2])
    return SafeTriplet(small_manager, small_model, optimizer, scheduler=scheduler, use_gpu=False)


def read(path):
    return torch.load(path, weights_only=True)


def test_checkpoints_load_as_data_and_in_torchreid(engine, tmp_path):
    engine.run(tmp_path, max_epoch=1)
    path = tmp_path / "model" / "model.pth.tar-1"
    checkpoint = read(path)
    own = {"random", "temporary"}
    assert checkpoint.keys() - own == {"state_dict", "epoch", "rank1", "optimizer", "scheduler"}
    assert type(checkpoint["rank1"]) is float
    torchreid_module("utils").resume_from_checkpoint(
        str(path), engine.model, engine.optimizer, engine.scheduler
    )


def test_torchreid_alone_writes_what_torch_refuses_and_resume_reads_it(
    engine, small_manager, small_model, tmp_path
):
    class Plain(Triplet):
        def test(self, **options):
            return np.float32(0.5)

    plain = Plain(small_manager, small_model, engine.optimizer, use_gpu=False)
    plain.register_model("model", small_model, engine.optimizer, engine.scheduler)
    plain.run(tmp_path, max_epoch=1)
    with pytest.raises(Exception, match="numpy"):
        read(tmp_path / "model" / "model.pth.tar-1")
    written = {k: v.clone() for k, v in small_model.state_dict().items()}
    nn.init.zeros_(small_model.classifier.weight)
    assert engine.resume(tmp_path) == 1
    assert all(torch.equal(v, written[k]) for k, v in small_model.state_dict().items())


def test_neither_scheduler_nor_optimizer_is_needed(engine, small_model, tmp_path):
    still = nn.Linear(2, 2).requires_grad_(False)
    engine.register_model("model", small_model, engine.optimizer, None)
    engine.register_model("still", still)
    engine.run(tmp_path, max_epoch=1)
    keys = read(tmp_path / "still" / "model.pth.tar-1").keys()
    assert keys == {"state_dict", "epoch", "rank1", "random", "temporary"}
    assert "scheduler" not in read(tmp_path / "model" / "model.pth.tar-1")
    assert not still.training
    assert engine.resume(tmp_path) == 1


def test_models_go_where_batches_go(small_manager, small_model, monkeypatch):
    """torchreid moves the images only."""
    moved = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(small_model, "to", lambda device: moved.append(device) or small_model)
    for use_gpu in (True, False):
        SafeTriplet(small_manager, small_model, sgd(small_model), use_gpu=use_gpu)
    assert moved == [torch.device("cuda"), torch.device("cpu")]


def test_frozen_layers_stay_frozen(small_manager, small_model, tmp_path):
    small_model.layer.requires_grad_(False)
    before = {k: v.clone() for k, v in small_model.state_dict().items()}
    engine = SafeTriplet(small_manager, small_model, sgd(small_model), use_gpu=False)
    engine.run(tmp_path, max_epoch=2, fixbase_epoch=1, open_layers=["layer", "classifier"])
    changed = [k for k, v in small_model.state_dict().items() if not torch.equal(v, before[k])]
    assert changed == ["classifier.weight", "classifier.bias"]
    assert [p.requires_grad for p in small_model.parameters()] == [False, False, True, True]


def test_a_network_under_another_ones_optimizer_trains(engine, tmp_path):
    head = nn.BatchNorm1d(2)
    engine.register_model("head", head)
    engine.run(tmp_path, max_epoch=1)
    engine.set_model_mode("train")
    assert head.training
    assert not engine.is_frozen("head")


def test_an_engine_of_ones_own_may_use_likely_names(small_manager, small_model, tmp_path):
    class Own(SafeTriplet):
        def __init__(self, *args, **options):
            super().__init__(*args, **options)
            self.device, self.progress = "cpu", "a bar"

    engine = Own(small_manager, small_model, sgd(small_model), use_gpu=False)
    engine.run(tmp_path, max_epoch=1)
    assert engine.training_progress == 0.5  # before the last of two batches


def test_layers_opened_after_fixbase_train_again(small_manager, small_model, tmp_path):
    before = small_model.layer.weight.clone()
    engine = SafeTriplet(small_manager, small_model, sgd(small_model), use_gpu=False)
    engine.run(tmp_path / "a", max_epoch=1, fixbase_epoch=1, open_layers="classifier")
    assert torch.equal(small_model.layer.weight, before)
    engine.run(tmp_path / "b", max_epoch=2, start_epoch=1, fixbase_epoch=1)
    assert not torch.equal(small_model.layer.weight, before)


def test_resume_of_a_finished_run_keeps_its_epoch(engine, small_manager, tmp_path):
    engine.run(tmp_path, max_epoch=2, eval_freq=1)
    first = (tmp_path / "model" / "model.pth.tar-1").read_bytes()
    again = SafeTriplet(small_manager, engine.model, sgd(engine.model), use_gpu=False)
    start = again.resume(tmp_path)
    again.run(tmp_path, max_epoch=2, start_epoch=start)
    assert start == 2
    assert (tmp_path / "model" / "model.pth.tar-1").read_bytes() == first


def test_resume_takes_the_newest_epoch_that_all_networks_have(engine, tmp_path):
    engine.register_model("other", nn.Linear(2, 2))
    for epoch in (0, 1, 9):
        engine.save_model(epoch, 0.0, tmp_path)
    (tmp_path / "other" / "model.pth.tar-10").unlink()
    assert engine.resume(tmp_path) == 2
    assert engine.resume(tmp_path / "other" / "model.pth.tar-1") == 1
    with pytest.raises(UserError, match=r"other/model.pth.tar-10 is missing"):
        engine.resume(tmp_path / "model" / "model.pth.tar-10")


@pytest.mark.parametrize("wrapped", [True, False])
def test_states_fit_in_and_out_of_data_parallel(small_model, wrapped):
    parallel = nn.DataParallel(small_model)
    target, source = (parallel, small_model) if wrapped else (small_model, parallel)
    fitted = fitted_state(target, source.state_dict(), "it")
    assert fitted.keys() == target.state_dict().keys()


def test_another_architecture_is_refused_before_anything_is_loaded(engine, tmp_path):
    engine.register_model("other", nn.Linear(2, 2), None)
    engine.save_model(0, 0.0, tmp_path)
    saved = engine.model.classifier.weight.clone()
    nn.init.zeros_(engine.model.classifier.weight)
    engine.register_model("other", nn.Linear(2, 3), None)
    with pytest.raises(
        UserError, match=r"other.*another architecture.*\(2, 2\) instead of \(3, 2\)"
    ):
        engine.resume(tmp_path)
    assert not engine.model.classifier.weight.any()
    engine.register_model("other", nn.Linear(2, 2, bias=False), None)
    with pytest.raises(UserError, match=r"another architecture: .*bias"):
        engine.resume(tmp_path)
    engine.register_model("other", nn.Linear(2, 2), None)
    engine.resume(tmp_path)
    assert torch.equal(engine.model.classifier.weight, saved)


def test_what_cannot_be_resumed_is_named(engine, tmp_path):
    with pytest.raises(UserError, match="nowhere does not exist"):
        engine.resume(tmp_path / "nowhere")
    with pytest.raises(UserError, match="no epoch with a checkpoint of each of model"):
        engine.resume(tmp_path)
    torch.save({"state_dict": {}}, tmp_path / "bare")
    with pytest.raises(UserError, match="not one that a torchreid engine wrote"):
        engine.resume(tmp_path / "bare")


def test_another_optimizer_is_refused(engine, small_manager, small_model, tmp_path):
    engine.save_model(0, 0.0, tmp_path)
    groups = [{"params": [p]} for p in small_model.parameters()]
    other = SafeTriplet(small_manager, small_model, torch.optim.SGD(groups, 0.1), use_gpu=False)
    with pytest.raises(UserError, match="holds the optimizer of other parameters"):
        other.resume(tmp_path)


def test_missing_optimizer_state_is_said(engine, tmp_path, capsys):
    state = {"state_dict": engine.model.state_dict(), "epoch": 3}
    write_checkpoint(state, tmp_path / "model")
    assert engine.resume(tmp_path) == 3
    assert "holds no optimizer: it starts anew" in capsys.readouterr().out


def test_an_interrupted_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = write_checkpoint({"epoch": 1, "value": 1}, tmp_path)

    def stop(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", stop)
    with pytest.raises(KeyboardInterrupt):
        write_checkpoint({"epoch": 1, "value": 2}, tmp_path)
    assert read(path)["value"] == 1
    assert list(tmp_path.iterdir()) == [path]


def test_best_checkpoint_is_written_too(engine, tmp_path):
    engine.save_model(4, 0.5, tmp_path, is_best=True)
    names = sorted(p.name for p in (tmp_path / "model").iterdir())
    assert names == ["model-best.pth.tar", "model.pth.tar-5"]
