import pytest
import torch


@pytest.mark.parametrize("what", ["checkpoint", "work_dir"])
def test_same_metrics_as_at_the_end_of_training(tiny, joint_run, what):
    run = tiny.run("test", getattr(joint_run, what))
    assert run.metrics == joint_run.metrics
    assert f"reid/mAP                {run.metrics['reid/mAP']:.1f} %" in run.output
    assert list((run.work_dir / "pictures").glob("*.png"))
    assert not list(run.work_dir.glob("*.pth"))


def test_reid_network_of_a_joint_run_alone(tiny, joint_run):
    run = tiny.run("test", joint_run.checkpoint, options={"model.mode": "baseline"})
    assert run.metrics == {k: v for k, v in joint_run.metrics.items() if k.startswith("reid/")}


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
