import json
import re

import pytest
import torch

from posegan_plugin.checkpoint import read_checkpoint
from posegan_plugin.for_mmengine.metric import ReIDMetric
from posegan_plugin.published import write_weights


def scores_of(run):
    return json.loads((run.work_dir / "scores.json").read_text())


@pytest.mark.parametrize("what", ["checkpoint", "work_dir"])
def test_same_metrics_as_at_the_end_of_training(tiny, joint_run, what):
    run = tiny.run("test", getattr(joint_run, what))
    assert run.metrics == joint_run.metrics
    assert re.search(rf"reid/mAP +{run.metrics['reid/mAP']:.1f} %\n", run.output)
    assert list((run.work_dir / "pictures").glob("*.png"))
    assert not list(run.work_dir.glob("*.pth"))
    report = scores_of(run)
    assert report["checkpoint"] == str(joint_run.checkpoint)
    assert report["pairs"]["count"] == 8
    assert {name: score["value"] for name, score in report["scores"].items()} == run.metrics
    assert all(score["protocol"] for score in report["scores"].values())
    assert "8 pairs of 4 people at 32x16" in run.output
    assert str(run.work_dir / "scores.json") in run.output
    assert "do not match" not in run.output  # mmengine's word on discriminators that are too many


def test_reid_network_of_a_joint_run_alone(tiny, joint_run):
    alone = tiny.run("test", joint_run.checkpoint, options={"model.test_poses": 0})
    run = tiny.run("test", joint_run.checkpoint, options={"model.mode": "baseline"})
    assert run.metrics == {k: v for k, v in alone.metrics.items() if k.startswith("reid/")}


def test_the_checkpoint_alone_is_needed(tiny, joint_run):
    """No file that the training read: it may be gone."""
    options = {"model.mode": "online", "model.augment.label": "teacher"}
    options |= {f"model.{name}_checkpoint": "gone.pth" for name in ("generator", "teacher")}
    run = tiny.run("test", joint_run.checkpoint, options=options)
    assert run.metrics == joint_run.metrics


def test_people_in_standard_poses(tiny, joint_run, capsys):
    options = {"model.test_poses": 3, "model.test_mirror": False}
    run = tiny.run("test", joint_run.checkpoint, options=options)
    of_reid = {k: v for k, v in joint_run.metrics.items() if k.startswith("reid/")}
    assert {k: v for k, v in run.metrics.items() if k.startswith("reid/")} != of_reid
    protocol = scores_of(run)["scores"]["reid/mAP"]["protocol"]
    assert protocol == f"{ReIDMetric().protocol}; people in 3 standard poses besides"
    with pytest.raises(SystemExit):
        tiny.run("test", joint_run.checkpoint, options={"model.test_poses": 99})
    said = capsys.readouterr().err
    assert "99 standard poses were asked for, the training people have" in said


def test_mirror_images(tiny, joint_run):
    options = {"model.mode": "baseline", "model.test_mirror": True}
    run = tiny.run("test", joint_run.checkpoint, options=options)
    assert run.metrics["reid/mAP"] != joint_run.metrics["reid/mAP"]
    protocol = scores_of(run)["scores"]["reid/mAP"]["protocol"]
    assert protocol == f"{ReIDMetric().protocol}; each image and its mirror image"


@pytest.fixture(scope="module")
def baseline(tiny):
    return tiny.run("train", options={"model.mode": "baseline"})


def test_poses_that_the_generator_of_another_run_draws(tiny, joint_run, baseline):
    options = {"model.mode": "baseline", "model.test_poses": 3}
    alone = tiny.run("test", baseline.checkpoint, options=options)
    assert scores_of(alone)["generator"] is None
    run = tiny.run("test", baseline.checkpoint, options=options, generator=joint_run.work_dir)
    assert run.metrics["reid/mAP"] != alone.metrics["reid/mAP"]
    report = scores_of(run)
    assert report["checkpoint"] == str(baseline.checkpoint)
    assert report["generator"]["checkpoint"] == str(joint_run.checkpoint)
    protocol = report["scores"]["reid/mAP"]["protocol"]
    assert "people in 3 standard poses besides" in protocol
    model = run.runner.model.state_dict()
    for source, name in ((baseline, "reid."), (joint_run, "generator.")):
        state = read_checkpoint(source.checkpoint)["state_dict"]
        assert all(torch.equal(model[k], v) for k, v in state.items() if k.startswith(name))


def test_a_generator_in_place_of_its_own(tiny, joint_run):
    """The same one, so that nothing may change."""
    run = tiny.run("test", joint_run.checkpoint, generator=joint_run.checkpoint)
    assert run.metrics == joint_run.metrics


@pytest.mark.parametrize("given", ["a run without one", "nowhere"])
def test_no_generator(tiny, baseline, capsys, given):
    path = "nowhere.pth" if given == "nowhere" else baseline.work_dir
    with pytest.raises(SystemExit):
        tiny.run("test", baseline.checkpoint, generator=path)
    said = "nowhere.pth does not exist" if given == "nowhere" else "holds no generator: use one"
    assert said in capsys.readouterr().err


def test_moved_work_dir(tiny, joint_run, tmp_path):
    (tmp_path / "epoch_2.pth").symlink_to(joint_run.checkpoint)
    (tmp_path / "last_checkpoint").write_text("/nowhere/epoch_2.pth")
    assert tiny.run("test", tmp_path).metrics == joint_run.metrics


def test_weights_alone(tiny, joint_run, tmp_path):
    state = torch.load(joint_run.checkpoint, weights_only=True)["state_dict"]
    torch.save({"state_dict": state}, tmp_path / "weights.pth")
    assert tiny.run("test", tmp_path / "weights.pth").metrics == joint_run.metrics
    torch.save(state, tmp_path / "bare.pth")
    assert tiny.run("test", tmp_path / "bare.pth").metrics == joint_run.metrics


def test_weight_file_needs_no_discriminators(tiny, joint_run, tmp_path):
    checkpoint = read_checkpoint(joint_run.checkpoint)
    state = {
        name: tensor
        for name, tensor in checkpoint["state_dict"].items()
        if name.startswith(("generator.", "reid."))
    }
    architecture = json.loads(checkpoint["meta"]["architecture"])
    write_weights(tmp_path / "weights.safetensors", state, architecture)
    run = tiny.run("test", tmp_path / "weights.safetensors")
    assert run.metrics == joint_run.metrics


def test_scores_of_further_networks(tiny, joint_run, simcc_model):
    key = "default_hooks.pose_transfer.scores"
    model = simcc_model()
    options = {
        f"{key}.retrieval_checkpoint": joint_run.work_dir,
        f"{key}.pck.backend": "rtmpose",
        f"{key}.pck.weights": model,
        "default_hooks.pose_transfer.num_pairs": 5,
    }
    run = tiny.run("test", joint_run.checkpoint, options=options)
    scores = scores_of(run)["scores"]
    for name in ("R1", "mAP"):  # the same network once more
        own, other = (f"transfer/{name}_generated{end}" for end in ("", "_independent"))
        assert scores[own]["value"] == pytest.approx(scores[other]["value"], nan_ok=True)
    assert 0 <= scores["transfer/PCK_generated"]["value"] <= 100
    assert model.name in scores["transfer/PCK_generated"]["protocol"]
    assert model.name in run.output
    assert re.search(r"\ntransfer/PCK_real +[0-9.]+ %\n", run.output)


def test_unusable_score(tiny, joint_run, capsys):
    options = {"default_hooks.pose_transfer.scores.fid.weights": "nowhere.pth"}
    with pytest.raises(SystemExit) as exit:
        tiny.run("test", joint_run.checkpoint, options=options)
    assert exit.value.code == 2
    assert "nowhere.pth does not exist" in capsys.readouterr().err
