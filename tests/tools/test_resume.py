import signal

import pytest
import torch

KILLER = """
import os
import signal

from mmengine.hooks import Hook
from mmengine.registry import HOOKS


@HOOKS.register_module()
class KillInTheSecondEpoch(Hook):
    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        if runner.epoch == 1 and batch_idx == 4:
            os.kill(os.getpid(), signal.SIGKILL)
"""
# Everything that draws random numbers and every network takes part.
OPTIONS = {
    "model.objective.adversarial_ramp": "(0,0)",
    "model.objective.semantic_ramp": "(0,0)",
    "model.augment.warmup": 0,
    "model.reid_input.erase": 0.5,
    "model.max_pairs": 5,
}


@pytest.fixture(scope="module")
def interrupted(tiny, tmp_path_factory):
    """The work dir of a run that was killed in the middle of its second epoch."""
    folder = tmp_path_factory.mktemp("killed")
    (folder / "killer.py").write_text(KILLER)
    (folder / "config.py").write_text(
        f"_base_ = [{str(tiny.config)!r}]\n"
        "custom_imports = dict(imports=['killer'])\n"
        "custom_hooks = [*_base_.custom_hooks, dict(type='KillInTheSecondEpoch')]\n"
    )
    done, work_dir = tiny.start(
        "train", config=folder / "config.py", options=OPTIONS, path=[folder], epochs=3
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    return work_dir


@pytest.fixture(scope="module")
def both(tiny, interrupted):
    """Final checkpoints of an uninterrupted run and of the one that was killed and resumed."""
    whole = tiny.run("train", options=OPTIONS, epochs=3)
    assert [p.name for p in interrupted.glob("*.pth")] == ["epoch_1.pth"]
    resumed = tiny.run("train", options=OPTIONS, epochs=3, resume=True, work_dir=interrupted)
    assert "resumed epoch: 1, iter: 9" in resumed.output
    assert resumed.checkpoint.name == whole.checkpoint.name == "epoch_3.pth"
    return [torch.load(r.checkpoint, weights_only=True) for r in (whole, resumed)]


def differences(a, b, name=""):
    """Names of all entries that are not equal to the last bit."""
    if isinstance(a, torch.Tensor):
        return [] if a.dtype == b.dtype and torch.equal(a, b) else [name]
    if isinstance(a, dict):
        keys = [name] if list(a) != list(b) else []
        return keys + [d for k in a for d in differences(a[k], b.get(k), f"{name}.{k}")]
    if isinstance(a, list | tuple):
        lengths = [name] if len(a) != len(b) else []
        pairs = enumerate(zip(a, b, strict=False))
        return lengths + [d for i, (x, y) in pairs for d in differences(x, y, f"{name}.{i}")]
    return [] if a == b else [name]


@pytest.mark.parametrize(
    ("part", "networks"), [("state_dict", None), ("optimizer", 4), ("param_schedulers", 4)]
)
def test_as_if_never_interrupted(both, part, networks):
    assert networks is None or len(both[0][part]) == networks
    assert differences(both[0][part], both[1][part]) == []


def test_history_of_the_log_survives(both):
    histories = [
        {k: v for k, v in c["message_hub"]["log_scalars"].items() if "time" not in k} for c in both
    ]
    assert len(histories[0]["train/loss"]["log"]) == 27
    assert len(histories[0]["train/loss_D_P"]["log"]) == 27
    assert differences(*histories) == []


def test_differences_are_found(both):
    """The comparison above can fail."""
    state = {k: v.clone() for k, v in both[0]["state_dict"].items()}
    name = next(reversed(state))
    state[name].view(-1)[0] += 1
    assert differences(both[0]["state_dict"], state) == [f".{name}"]


def test_named_checkpoint(tiny, joint_run):
    run = tiny.run("train", resume=joint_run.checkpoint, epochs=3)
    assert "resumed epoch: 2, iter: 18" in run.output
    assert run.checkpoint.name == "epoch_3.pth"
    assert run.work_dir != joint_run.work_dir


def test_nothing_to_resume_is_a_start(tiny, tmp_path):
    run = tiny.run("train", resume=True, epochs=1, work_dir=tmp_path, options=OPTIONS)
    assert run.checkpoint == tmp_path / "epoch_1.pth"
    assert "resumed" not in run.output


@pytest.fixture
def checkpoint(joint_run):
    return joint_run.checkpoint


def test_checkpoints_hold_no_code(checkpoint):
    assert torch.serialization.get_unsafe_globals_in_checkpoint(str(checkpoint)) == []
    content = torch.load(checkpoint, weights_only=True)
    assert {"meta", "state_dict", "optimizer", "param_schedulers", "message_hub"} <= set(content)
    assert content["meta"]["dataset_meta"]["num_identities"] == 12
