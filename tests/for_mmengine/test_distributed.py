import json
import shutil

import pytest
import torch
from torch import distributed, nn

from posegan_plugin.checkpoint import check_state, read_checkpoint
from posegan_plugin.comparison import differing_entries
from posegan_plugin.for_mmengine import SeparateDDP
from posegan_plugin.for_mmengine.distributed import TransparentDDP
from posegan_plugin.for_mmengine.model import unwrap

PROBE = """
import json
import os
import signal
from pathlib import Path

import torch
from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.registry import HOOKS, METRICS

from posegan_plugin.for_mmengine import ReIDMetric


@METRICS.register_module()
class CountingMetric(ReIDMetric):
    def compute_metrics(self, results):
        return {**super().compute_metrics(results), "n": len(results)}


@HOOKS.register_module()
class Probe(Hook):
    def __init__(self, stop=None):
        self.stop = stop
        self.rows = []
        self.logged = []

    def before_train(self, runner):
        self.start = {k: v.clone() for k, v in runner.model.module.state_dict().items()}

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if get_rank() == 1 and batch_idx == 1:
            data_batch["keypoints"].zero_()  # nobody can be posed here, and others can elsewhere
        if get_rank() == 0 and batch_idx == self.stop:
            os.kill(os.getpid(), signal.SIGTERM)

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        self.rows.append(sorted(data_batch["index"].tolist()))
        self.logged.append(sorted(outputs))

    def after_val_epoch(self, runner, metrics=None):
        if get_rank() == 0:
            (Path(runner.work_dir) / "metrics.json").write_text(json.dumps(metrics))

    def after_run(self, runner):
        state = {k: v.clone() for k, v in runner.model.module.state_dict().items()}
        content = {"start": self.start, "state": state, "rows": self.rows, "logged": self.logged}
        torch.save(content, Path(runner.work_dir) / f"rank{get_rank()}.pt")
"""


@pytest.fixture(scope="module")
def two_processes(tiny, tmp_path_factory):
    """A joint training by two processes, of which the test set does not divide evenly."""
    folder = tmp_path_factory.mktemp("two")
    (folder / "probe.py").write_text(PROBE)
    people = shutil.copytree(tiny.data_root / "procedural_people", folder / "people")
    next((people / "bounding_box_test").iterdir()).unlink()  # 23 are left
    (folder / "config.py").write_text(
        f"_base_ = [{str(tiny.config)!r}]\n"
        "custom_imports = dict(imports=['probe'])\n"
        "custom_hooks = [*_base_.custom_hooks, dict(type='Probe')]\n"
        "val_evaluator = dict(type='CountingMetric')\n"
        "_source = dict(_delete_=True, name='market_layout', folder='people')\n"
        f"_people = dict(source=_source, data_root={str(folder)!r})\n"
        "train_dataloader = dict(dataset=_people)\n"
        "val_dataloader = dict(dataset=_people)\n"
        "test_dataloader = val_dataloader\n"
    )
    done, work_dir = start(tiny, folder)
    assert done.returncode == 0, done.stderr
    return folder, work_dir, [torch.load(work_dir / f"rank{r}.pt") for r in range(2)]


def start(tiny, folder, config="config.py", **options):
    return tiny.start(
        "train",
        config=folder / config,
        python=("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"),
        path=[folder],
        launcher="pytorch",
        epochs=1,
        options={"model.objective.adversarial_ramp": "(0,0)"},
        **options,
    )


def test_ranks_saw_different_people_and_hold_the_same_weights(two_processes):
    first, second = two_processes[2]
    assert len(first["rows"]) == len(second["rows"]) == 4  # 9 batches an epoch
    assert all(not set(a) & set(b) for a, b in zip(first["rows"], second["rows"], strict=True))
    assert list(first["state"]) == list(second["state"])
    assert all(torch.equal(v, second["state"][k]) for k, v in first["state"].items())


def test_all_wait_with_the_generator_for_a_process_that_has_no_pairs(two_processes):
    first, second = two_processes[2]
    assert first["logged"] == second["logged"]
    assert ["loss_R" in names for names in first["logged"]] == [True, False, True, True]


def test_a_signal_to_one_stops_all_and_nothing_is_lost(two_processes, tiny, tmp_path, capsys):
    folder, whole, _ = two_processes
    (folder / "stop.py").write_text(
        (folder / "config.py").read_text().replace("type='Probe'", "type='Probe', stop=2")
    )
    done, _ = start(tiny, folder, "stop.py", work_dir=tmp_path)
    assert done.returncode != 0
    path = tmp_path / "epoch_0_batch_3.pth"
    message = f"interrupted in epoch 1 after 3 of 4 batches, saved in {path}; go on with: the same"
    assert done.stderr.count(message) == 1
    with pytest.raises(SystemExit):
        tiny.run("train", work_dir=tmp_path, resume=True, epochs=1)
    assert "saved by 2 processes in the middle of an epoch" in capsys.readouterr().err
    done, _ = start(tiny, folder, work_dir=tmp_path, resume=True)
    assert done.returncode == 0, done.stderr
    expected, found = (read_checkpoint(f / "epoch_1.pth") for f in (whole, tmp_path))
    assert differing_entries(expected["state_dict"], found["state_dict"]) == []
    assert differing_entries(expected["optimizer"], found["optimizer"]) == []


def test_every_network_was_trained(two_processes):
    start, state = two_processes[2][0]["start"], two_processes[2][0]["state"]
    for name in ("reid", "generator", "appearance_discriminator", "pose_discriminator"):
        own = [k for k in state if k.startswith(f"{name}.") and k.endswith("weight")]
        assert own
        assert any(not torch.equal(state[k], start[k]) for k in own)


def test_checkpoint_knows_no_wrappers(two_processes):
    _, work_dir, (first, _) = two_processes
    state = torch.load(work_dir / "epoch_1.pth", weights_only=True)["state_dict"]
    assert list(state) == list(first["state"])
    assert not [k for k in state if "module." in k]


def test_one_process_evaluates_the_checkpoint(two_processes, tiny):
    folder, work_dir, _ = two_processes
    metrics = json.loads((work_dir / "metrics.json").read_text())
    assert metrics["reid/n"] == 23
    config = folder / "alone.py"
    text = (folder / "config.py").read_text().splitlines()
    config.write_text("\n".join(t for t in text if not t.startswith(("custom", "val_evaluator"))))
    alone = tiny.run("test", work_dir, config=config).metrics
    del metrics["reid/n"]
    assert alone == pytest.approx(metrics, rel=1e-4)


class Pair(nn.Module):
    """A model of one trained network, one that is not, and one that is not there."""

    trained_networks = ("first",)

    def __init__(self):
        super().__init__()
        self.first = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
        self.second = nn.Linear(3, 1).requires_grad_(False)
        self.third = None


@pytest.fixture
def group(tmp_path):
    distributed.init_process_group(
        "gloo", init_method=f"file://{tmp_path / 'store'}", rank=0, world_size=1
    )
    yield
    distributed.destroy_process_group()


def test_only_trained_networks_are_wrapped(group):
    wrapped = SeparateDDP(Pair())
    assert isinstance(wrapped.module.first, TransparentDDP)
    assert type(wrapped.module.second) is nn.Linear
    assert wrapped.module.third is None


def test_state_goes_both_ways_between_wrapped_and_plain(group):
    plain, wrapped = Pair(), SeparateDDP(Pair())
    assert list(wrapped.module.state_dict()) == list(plain.state_dict())
    wrapped.module.load_state_dict(plain.state_dict())
    assert all(
        torch.equal(v, plain.state_dict()[k]) for k, v in wrapped.module.state_dict().items()
    )
    plain.second.weight.data += 1
    plain.first[0].weight.data += 1
    plain.load_state_dict(wrapped.module.state_dict())
    assert torch.equal(plain.first[0].weight, wrapped.module.first.module[0].weight)
    assert torch.equal(plain.second.weight, wrapped.module.second.weight)


def test_missing_entries_are_noticed(group):
    wrapped = SeparateDDP(Pair())
    state = wrapped.module.state_dict()
    del state["first.0.weight"]
    with pytest.raises(RuntimeError, match="Missing key"):
        wrapped.module.load_state_dict(state)


def test_state_of_a_wrapped_model_passes_the_check(group):
    check_state(unwrap(SeparateDDP(Pair())), Pair().state_dict(), "checkpoint")
