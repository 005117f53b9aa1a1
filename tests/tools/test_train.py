import json
import math

import cv2
import numpy as np
import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from posegan_plugin.comparison import differing_entries
from posegan_plugin.training import ReIDObjective
from posegan_plugin.visualization import image_grid

REID = ("reid/R1", "reid/R5", "reid/R10", "reid/mAP", "reid/mINP")
TRANSFER = ("transfer/SSIM", "transfer/pose_gap", "transfer/R1_generated", "transfer/R1_real")


@pytest.fixture(scope="module")
def baseline_run(tiny):
    return tiny.run("train", options={"model.mode": "baseline"})


@pytest.fixture(scope="module")
def online_run(tiny, joint_run):
    """A run on a frozen generator, and how many of each batch's people were synthesised."""
    counts = []
    forward = ReIDObjective.forward

    def counting(self, output, batch, progress):
        counts.append((len(batch), int(batch.synthesised.sum())))
        return forward(self, output, batch, progress)

    options = {
        "model.mode": "online",
        "model.generator_checkpoint": joint_run.work_dir,
        "model.augment.target": "any",
        "model.augment.ratio": 0.5,
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ReIDObjective, "forward", counting)
        return tiny.run("train", options=options), counts


@pytest.fixture(params=["joint", "online", "baseline"])
def finished(request, joint_run):
    if request.param == "joint":
        return request.param, joint_run
    run = request.getfixturevalue(f"{request.param}_run")
    return request.param, run[0] if request.param == "online" else run


def state(run):
    return torch.load(run.checkpoint, weights_only=True)["state_dict"]


def test_metrics(finished):
    mode, run = finished
    names = REID if mode == "baseline" else REID + TRANSFER
    assert set(names) <= set(run.metrics)
    assert mode != "baseline" or not [n for n in run.metrics if n.startswith("transfer/")]
    assert all(math.isfinite(v) for v in run.metrics.values())
    assert all(0 <= run.metrics[n] <= 100 for n in REID)
    assert run.metrics["reid/R1"] <= run.metrics["reid/R5"] <= run.metrics["reid/R10"]


def test_table(finished):
    _, run = finished
    lines = run.output.splitlines()
    start, end = [i for i, line in enumerate(lines) if line and not line.strip("-")][-2:]
    assert end == len(lines) - 1
    rows = dict(line.split(maxsplit=1) for line in lines[start + 1 : end])
    for name in REID:
        assert rows[name] == f"{run.metrics[name]:.1f} %"
    assert rows["checkpoint"] == str(run.work_dir / "epoch_2.pth")
    assert rows["logs"] == run.runner.log_dir
    assert rows["pictures"] == str(run.work_dir / "pictures")
    assert rows["report"] == f"python tools/report.py {run.work_dir}"


def test_files(finished):
    mode, run = finished
    assert run.checkpoint == run.work_dir / "epoch_2.pth"
    log = next((run.work_dir / run.runner.timestamp).glob("*.log")).read_text()
    assert "loss_id" in log
    assert ("Key points: 72 of 72 people" in log) == (mode != "baseline")
    assert (run.work_dir / "pictures" / "epoch_002.png").is_file() == (mode != "baseline")
    assert (run.work_dir / "pictures" / "ranked_epoch_002.png").is_file()
    cmc = json.loads((run.work_dir / "cmc.json").read_text())
    assert (cmc["epoch"], 100 * cmc["cmc"][0]) == (2, pytest.approx(run.metrics["reid/R1"]))


def test_losses_in_tensorboard(finished):
    mode, run = finished
    events = EventAccumulator(str(run.work_dir / run.runner.timestamp / "vis_data"))
    events.Reload()
    tags = set(events.Tags()["scalars"])
    assert {"loss", "loss_id", "loss_quartet", "embedding_spread", "reid/mAP"} <= tags
    assert ("loss_R" in tags) == (mode == "joint")
    assert ("loss_D_I" in tags) == (mode == "joint")
    assert ("pose_transfer" in events.Tags()["images"]) == (mode != "baseline")
    assert all(math.isfinite(e.value) for e in events.Scalars("loss"))
    assert len(events.Scalars("loss")) == 8


def test_grid_of_three_pairs_with_five_columns(joint_run):
    grid = cv2.imread(str(joint_run.work_dir / "pictures" / "epoch_002.png"))
    cell = np.zeros((32, 16, 3), np.uint8)
    assert grid.shape == image_grid([[cell] * 5] * 3, ["title"] * 5).shape
    assert len(np.unique(grid)) > 50


def test_networks_of_each_mode(joint_run, baseline_run, online_run):
    def networks(run):
        return {name.split(".")[0] for name in state(run)}

    assert networks(baseline_run) == {"reid"}
    assert networks(online_run[0]) == {"reid", "generator"}
    four = {"reid", "generator", "appearance_discriminator", "pose_discriminator"}
    assert networks(joint_run) == four
    assert set(joint_run.runner.optim_wrapper.keys()) == four


def test_generator_of_an_online_run_stays_as_it_is(online_run, joint_run):
    run, _ = online_run
    before, after = state(joint_run), state(run)
    names = [n for n in after if n.startswith("generator.")]
    assert names
    assert all(torch.equal(before[n], after[n]) for n in names)
    assert list(run.runner.optim_wrapper.keys()) == ["reid"]
    optimizer = torch.load(run.checkpoint, weights_only=True)["optimizer"]
    assert list(optimizer) == ["reid"]


def test_batches_of_an_online_run_hold_synthesised_people(online_run):
    # At the first step their weight is still 0 and none are added.
    assert online_run[1] == [(8, 0)] + [(12, 4)] * 17


def test_teacher_labels(tiny, joint_run, monkeypatch):
    seen = []
    forward = ReIDObjective.forward

    def looking(self, output, batch, progress):
        seen.append((batch.teacher, batch.synthesised))
        return forward(self, output, batch, progress)

    monkeypatch.setattr(ReIDObjective, "forward", looking)
    options = {"model.augment.label": "teacher", "model.teacher_checkpoint": joint_run.checkpoint}
    run = tiny.run("train", options=options, epochs=1)
    assert len(seen) == 9
    assert seen[0][0] is None  # nobody is added while the weight is 0
    for teacher, synthesised in seen[1:]:
        assert teacher.shape == (10, 12)
        assert teacher[~synthesised].isnan().all()
        assert teacher[synthesised].sum(dim=1).tolist() == pytest.approx([1.0, 1.0], abs=1e-5)
    before, after = state(joint_run), state(run)
    names = [n for n in before if n.startswith("reid.")]
    assert all(torch.equal(before[n], after[n.replace("reid.", "teacher.", 1)]) for n in names)
    assert not all(torch.equal(before[n], after[n]) for n in names)
    assert "teacher" not in run.runner.optim_wrapper.keys()  # noqa: SIM118 (no mapping)


@pytest.mark.parametrize(
    ("mode", "flags", "wrapper"),
    [
        ("joint", {"amp": True}, "Bf16OptimWrapper"),
        ("baseline", {"amp": True}, "Bf16OptimWrapper"),
        ("joint", {"amp-dtype": "float16"}, "Fp16OptimWrapper"),
    ],
)
def test_mixed_precision(tiny, mode, flags, wrapper):
    options = {"model.mode": mode, "model.objective.adversarial_ramp": "(0,0)"}
    run = tiny.run("train", epochs=1, options=options, **flags)
    assert all(math.isfinite(v) for v in run.metrics.values())
    types = {type(w).__name__ for w in run.runner.optim_wrapper.values()}
    assert types == {wrapper}
    assert all(v.dtype not in (torch.bfloat16, torch.float16) for v in state(run).values())


def test_rendering_at_the_first_start_and_never_again(tiny, tmp_path, capfd):
    root = tmp_path / "data"
    options = {"model.mode": "baseline"}
    tiny.run("train", data_root=root, options=options, epochs=1)
    assert "procedural people: 100%" in capfd.readouterr().err
    before = {p: p.stat().st_mtime_ns for p in root.rglob("*")}
    tiny.run("train", data_root=root, options=options, epochs=1)
    assert "procedural people" not in capfd.readouterr().err
    assert {p: p.stat().st_mtime_ns for p in root.rglob("*")} == before


@pytest.mark.filterwarnings("ignore:This DataLoader will create")
def test_worker_processes_and_cache_change_nothing(tiny, joint_run):
    options = {"train_dataloader.dataset.cache": False, "train_dataloader.num_workers": 2}
    decoding = tiny.run("train", options=options)
    cached, decoded = (torch.load(r.checkpoint) for r in (joint_run, decoding))
    for part in ("state_dict", "optimizer"):
        assert differing_entries(cached[part], decoded[part]) == []
