import shutil
import signal

import pytest
import torch

from posegan_plugin.comparison import differing_entries

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
    "model.appearance_discriminator.norm": "spectral",
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
    """Final checkpoints of an uninterrupted run and of the one that was killed and resumed.

    Also the work dir of the first one.
    """
    whole = tiny.run("train", options=OPTIONS, epochs=3)
    assert [p.name for p in interrupted.glob("*.pth")] == ["epoch_1.pth"]
    resumed = tiny.run("train", options=OPTIONS, epochs=3, resume=True, work_dir=interrupted)
    assert "resumed epoch: 1, iter: 9" in resumed.output
    assert resumed.checkpoint.name == whole.checkpoint.name == "epoch_3.pth"
    checkpoints = [torch.load(r.checkpoint, weights_only=True) for r in (whole, resumed)]
    return checkpoints, whole.work_dir


@pytest.mark.parametrize(
    ("part", "networks"), [("state_dict", None), ("optimizer", 4), ("param_schedulers", 4)]
)
def test_as_if_never_interrupted(both, part, networks):
    whole, resumed = both[0]
    assert networks is None or len(whole[part]) == networks
    assert differing_entries(whole[part], resumed[part]) == []


def test_history_of_the_log_survives(both):
    histories = [
        {k: v for k, v in c["message_hub"]["log_scalars"].items() if "time" not in k}
        for c in both[0]
    ]
    assert len(histories[0]["train/loss"]["log"]) == 27
    assert len(histories[0]["train/loss_D_P"]["log"]) == 27
    assert differing_entries(*histories) == []


def test_damaged_newest_checkpoint(tiny, both, tmp_path, capsys):
    """The run goes on from the one before, and ends as it would have."""
    checkpoints, folder = both
    work_dir = shutil.copytree(folder, tmp_path / "work")
    newest = work_dir / "epoch_3.pth"
    newest.write_bytes(newest.read_bytes()[:-1000])
    run = tiny.run("train", options=OPTIONS, epochs=3, resume=True, work_dir=work_dir)
    warning = capsys.readouterr().err
    assert f"warning: checkpoint {newest} cannot be read" in warning
    assert "resumed epoch: 2, iter: 18" in run.output
    found = torch.load(run.checkpoint, weights_only=True)
    assert differing_entries(checkpoints[0]["state_dict"], found["state_dict"]) == []


def test_no_checkpoint_that_can_be_read(tiny, both, tmp_path, capsys):
    work_dir = shutil.copytree(both[1], tmp_path / "work")
    for path in work_dir.glob("*.pth"):
        path.write_bytes(b"")
    with pytest.raises(SystemExit) as stop:
        tiny.run("train", options=OPTIONS, epochs=3, resume=True, work_dir=work_dir)
    assert stop.value.code == 2
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith(f"error: checkpoint {work_dir / 'epoch_3.pth'} cannot be read")
    assert lines[1].startswith(f"  checkpoint {work_dir / 'epoch_2.pth'} cannot be read")


@pytest.mark.parametrize("named", ["checkpoint", "work_dir"])
def test_named_checkpoint(tiny, joint_run, named):
    run = tiny.run("train", resume=getattr(joint_run, named), epochs=3)
    assert "resumed epoch: 2, iter: 18" in run.output
    assert run.checkpoint.name == "epoch_3.pth"
    assert run.work_dir != joint_run.work_dir


def test_random_batches_with_partners_and_layers_without_weight_decay(tiny, tmp_path):
    """As the configs for Market-1501 draw them; the optimiser then has two groups."""
    (tmp_path / "config.py").write_text(
        f"_base_ = [{str(tiny.config)!r}]\n"
        "train_dataloader = dict(sampler=dict("
        "_delete_=True, type='PartnerSampler', num_images=6, num_partners=2))\n"
        "optim_wrapper = dict(reid=dict(optimizer=dict(weight_decay=5e-4)))\n"
    )
    options = {**OPTIONS, "train_dataloader.batch_size": 8}
    line = {"config": tmp_path / "config.py", "options": options, "epochs": 2}
    whole = tiny.run("train", **line)
    resumed = tiny.run("train", **line, resume=whole.checkpoint.with_name("epoch_1.pth"))
    assert "resumed epoch: 1" in resumed.output
    assert whole.work_dir != resumed.work_dir
    contents = [torch.load(r.checkpoint, weights_only=True) for r in (whole, resumed)]
    groups = contents[0]["optimizer"]["reid"]["param_groups"]
    assert [group["weight_decay"] for group in groups] == [5e-4, 0.0]
    for part in ("state_dict", "optimizer", "param_schedulers"):
        assert differing_entries(*(content[part] for content in contents)) == []


def test_a_run_goes_on_without_the_files_that_it_began_with(tiny, joint_run, tmp_path):
    """The generator that it did not train is in its own checkpoint."""
    shutil.copytree(joint_run.work_dir, tmp_path / "generator")
    options = {"model.mode": "online", "model.generator_checkpoint": tmp_path / "generator"}
    first = tiny.run("train", epochs=1, options=options)
    shutil.rmtree(tmp_path / "generator")
    run = tiny.run("train", epochs=2, options=options, work_dir=first.work_dir, resume=True)
    assert "resumed epoch: 1" in run.output
    trained = torch.load(joint_run.checkpoint, weights_only=True)["state_dict"]
    now = run.runner.model.generator.state_dict()
    assert all(torch.equal(v, trained[f"generator.{k}"]) for k, v in now.items())


def test_nothing_to_resume_is_a_start(tiny, tmp_path):
    run = tiny.run("train", resume=True, epochs=1, work_dir=tmp_path, options=OPTIONS)
    assert run.checkpoint == tmp_path / "epoch_1.pth"
    assert "resumed" not in run.output


def test_nothing_to_resume_starts_from_the_configs_weights(tiny, joint_run, tmp_path):
    options = {"load_from": joint_run.work_dir}
    run = tiny.run("train", resume=True, epochs=1, work_dir=tmp_path, options=options)
    assert f"Load checkpoint from {joint_run.checkpoint}" in run.output
    assert "resumed" not in run.output
    assert run.checkpoint == tmp_path / "epoch_1.pth"


@pytest.fixture
def checkpoint(joint_run):
    return joint_run.checkpoint


def test_checkpoints_hold_no_code(checkpoint):
    assert torch.serialization.get_unsafe_globals_in_checkpoint(str(checkpoint)) == []
    content = torch.load(checkpoint, weights_only=True)
    assert {"meta", "state_dict", "optimizer", "param_schedulers", "message_hub"} <= set(content)
    assert content["meta"]["dataset_meta"]["num_identities"] == 12
