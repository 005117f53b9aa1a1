import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from posegan_plugin.datasets import PersonDataset, read_image, read_market_layout
from posegan_plugin.models import onnx_export
from posegan_plugin.models.joint_network import JointNetwork
from posegan_plugin.pose import read_keypoint_csv
from posegan_plugin.pose.estimation import build_estimator
from posegan_plugin.training import joints
from posegan_plugin.training.joint_frames import frame_people
from posegan_plugin.training.joint_scores import evaluate_joints, find_joints

pytest.importorskip("onnxscript")
pytest.importorskip("rtmlib")

SIZE = (64, 32)
SMALL = ("--size", *SIZE, "--epochs", 2, "--batch-size", 16)


@pytest.fixture
def without_export(monkeypatch):
    """The networks that were trained, without their files, which take longest."""
    networks = []

    def remember(network, path):
        networks.append(network)
        Path(path).touch()

    monkeypatch.setattr(onnx_export, "export_onnx", remember)
    return networks


@pytest.fixture
def remembered(monkeypatch):
    """The networks that were built."""
    networks = []
    build = JointNetwork.__init__

    def remember(network, *arguments):
        build(network, *arguments)
        networks.append(network)

    monkeypatch.setattr(JointNetwork, "__init__", remember)
    return networks


def test_the_file_finds_what_the_network_finds(command, tiny, tmp_path, remembered):
    """Images in, key points out: RTMPose's back end with the file, against the network in torch."""
    out = tmp_path / "new" / "joints.onnx"
    done = command("train_joints", "--config", tiny.config, "--root", tiny.data_root, *SMALL,
                   "--out", out)  # fmt: skip
    assert done.code == 0
    lines = done.output.splitlines()
    assert lines[0].startswith("to train on: 72 of 72 people")
    assert lines[-3].split()[0] == "all"
    assert lines[-2].startswith("the mean pose of the training people: PCK@0.1 0.")
    assert lines[-1] == f"{out}: {out.stat().st_size / 1e6:.1f} MB"
    assert list(out.parent.iterdir()) == [out]
    estimator = build_estimator("rtmpose", out, threshold=0.0)
    for path in sorted((tiny.data_root / "procedural_people" / "query").iterdir())[:6]:
        # Stored at the network's size, and the frame moved as rtmlib has it.
        image = read_image(path, SIZE)
        theirs = estimator([image.permute(1, 2, 0).numpy()])[0]
        zoom = torch.full((1, 2), 1.25)
        shift = torch.tensor([[-0.25 / SIZE[1], -0.25 / SIZE[0]]])
        frame, _ = frame_people(image[None], torch.zeros(1, 18, 3), zoom, shift)
        ours = find_joints(remembered[0], frame, threshold=0.0)[0].numpy()
        ours[:, :2] = ours[:, :2] * 1.25 - 0.125 * np.float32(SIZE[::-1])
        np.testing.assert_allclose(ours[:, 2], theirs[:, 2], atol=0.01)
        # The two round interpolated pixels differently: a place may fall into the next bin.
        assert np.abs(ours[:, :2] - theirs[:, :2]).max() <= 0.625 + 1e-4


def test_a_folder_with_key_points_of_its_own(command, tiny, tmp_path, without_export):
    source = tiny.data_root / "procedural_people"
    folder = shutil.copytree(source, tmp_path / "people")
    csv = (folder / "market-annotation-train.csv").rename(tmp_path / "joints.csv")
    (folder / "market-annotation-test.csv").unlink()
    done = command("train_joints", "--root", folder, "--keypoints", csv, "--size", 32, 32,
                   "--epochs", 1, "--out", tmp_path / "a.onnx")  # fmt: skip
    assert done.code == 0
    assert "to train on: 66 of 66 people" in done.output
    assert "to test on: 6 of 6 people" in done.output  # one of the twelve


def test_the_table_is_of_the_test_people(command, tiny, tmp_path, without_export):
    people = tiny.data_root / "procedural_people"
    done = command("train_joints", "--root", people, *SMALL, "--out", tmp_path / "a.onnx")
    splits = read_market_layout(people)
    keypoints = {k: v for path in splits.keypoints for k, v in read_keypoint_csv(path).items()}
    test = PersonDataset(splits.query + splits.gallery, keypoints, SIZE)
    scores = evaluate_joints(without_export[0], test, threshold=0.3)
    assert scores.table() in done.output


def test_the_seed_makes_the_network(command, tiny, tmp_path, without_export):
    people = tiny.data_root / "procedural_people"
    for seed in (1, 1, 2):
        command("train_joints", "--root", people, "--size", 32, 32, "--epochs", 1,
                "--seed", seed, "--out", tmp_path / "a.onnx")  # fmt: skip
    one, same, other = (network.row.weight for network in without_export)
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_interrupted(command, tiny, tmp_path, monkeypatch):
    """Nothing is written, and an older file stays."""

    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(joints, "joint_losses", stop)
    out = tmp_path / "joints.onnx"
    out.write_bytes(b"older")
    people = tiny.data_root / "procedural_people"
    done = command("train_joints", "--root", people, *SMALL, "--out", out)
    assert done.code == "stopped before the end: nothing was written"  # printed; exit code 1
    assert out.read_bytes() == b"older"
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--size", "100", "50"], "image size 100 50: height and width have to be multiples of 16"),
        (["--root", "nowhere"], "nowhere"),
        ([], "name the people: --config CONFIG, or --root DIR"),
    ],
)
def test_mistakes(command, tmp_path, options, message):
    done = command("train_joints", *options, "--out", tmp_path / "joints.onnx")
    assert done.code == 2
    assert done.error.startswith("error: ") and done.error.count("\n") == 1
    assert message in done.error
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("option", [("--epochs", 0), ("--batch-size", 0), ("--seed", -1)])
def test_numbers_that_are_too_low(command, tmp_path, option):
    done = command("train_joints", "--root", tmp_path, *option)
    assert done.code == 2
    assert f"{option[1]} is below" in done.error


def test_a_place_that_cannot_be_written_is_found_before_the_training(command, tiny, tmp_path):
    people = tiny.data_root / "procedural_people"
    done = command("train_joints", "--root", people, *SMALL, "--out", tmp_path)
    assert done.code == 2
    assert "this is a folder; name a file" in done.error
    assert "training" not in done.error
