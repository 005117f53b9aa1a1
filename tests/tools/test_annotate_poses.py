import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from posegan_plugin.pose import COCO17_JOINTS, JOINTS, read_keypoint_csv

TOOL = Path(__file__).resolve().parents[2] / "tools" / "annotate_poses.py"
RIGHT, LEFT, NOSE = (12, 24), (47, 114), (32, 64)


def block_image(path, *colours):
    """64x128 with blocks where the test network finds right joints, left joints and the nose."""
    image = np.zeros((128, 64, 3), dtype=np.uint8)
    for (x, y), channel in zip((RIGHT, LEFT, NOSE), range(3), strict=True):
        if channel in (colours or range(3)):
            image[y - 2 : y + 3, x - 2 : x + 3, channel] = 255
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(image).save(path)


@pytest.fixture
def images(tmp_path):
    """Three whole people, one with a nose alone and one that nothing is found on."""
    folder = tmp_path / "images"
    for name in ("a.png", "b.png", "cam1/a.png"):
        block_image(folder / name)
    block_image(folder / "nose.png", 2)
    block_image(folder / "none.png", 9)
    return folder


def failed(done, *words):
    """The tool ended with one sentence that has the words."""
    assert done.code == 2
    sentence = done.error.splitlines()[-1]
    assert sentence.startswith("error: ")
    assert "Traceback" not in done.error
    assert all(word in sentence for word in words), sentence


def test_rtmpose(command, simcc_model, images, tmp_path):
    out = tmp_path / "poses.csv"
    done = command("annotate_poses", images, "--out", out, "--weights", simcc_model())
    assert done.code == 0, done.error
    poses = read_keypoint_csv(out)
    assert list(poses) == ["a.png", "b.png", "cam1/a.png", "none.png", "nose.png"]
    pose = poses["cam1/a.png"]
    assert pose[JOINTS.index("right_wrist")].tolist() == [*RIGHT, 1]
    assert pose[JOINTS.index("left_ear")].tolist() == [*LEFT, 1]
    assert pose[0].tolist() == [*NOSE, 1]
    assert pose[1, :2].tolist() == [30, 69]  # between the shoulders, (29.5, 69)
    assert (poses["nose.png"][:, 2] > 0).tolist() == [True] + [False] * 17
    table = [line.split() for line in done.output.splitlines()[-4:]]
    assert table[0] == ["joints", "images", "share"]
    assert [row[:2] for row in table[1:]] == [["0", "1"], ["1-9", "1"], ["10+", "3"]]
    assert "finding joints: 100%" in done.error
    assert not Path(f"{out}.parts").exists()


def test_threshold(command, simcc_model, images, tmp_path):
    weights = simcc_model(gains=np.linspace(0.1, 0.9, 17))  # COCO's nose 0.1, ankles 0.85, 0.9
    options = ("--weights", weights, "--threshold", 0.82)
    done = command("annotate_poses", images, "--out", tmp_path / "p.csv", *options)
    assert done.code == 0, done.error
    there = read_keypoint_csv(tmp_path / "p.csv")["a.png"][:, 2] > 0
    assert [name for name, t in zip(JOINTS, there, strict=True) if t] == [
        "right_ankle",
        "left_ankle",
    ]


def test_more_than_half_without_a_joint(command, simcc_model, images, tmp_path):
    out = tmp_path / "poses.csv"
    options = ("--weights", simcc_model(), "--threshold", 2)
    failed(
        command("annotate_poses", images, "--out", out, *options), "5 of 5 images", "--threshold"
    )
    assert len(read_keypoint_csv(out)) == 5


def test_keypoint_rcnn(command, images, tmp_path):
    from torchvision.models.detection import keypointrcnn_resnet50_fpn

    torch.manual_seed(0)
    network = keypointrcnn_resnet50_fpn(weights=None, weights_backbone=None)
    torch.save(network.state_dict(), tmp_path / "random.pth")
    options = ("--backend", "keypoint_rcnn", "--weights", tmp_path / "random.pth")
    out = tmp_path / "poses.csv"
    done = command("annotate_poses", images / "cam1", "--out", out, *options, "--threshold", 0)
    assert list(read_keypoint_csv(out)) == ["a.png"], done.error


def test_killed_and_started_again(command, simcc_model, tmp_path):
    images, weights = tmp_path / "images", simcc_model()
    images.mkdir()
    rng = np.random.default_rng(0)
    for n in range(400):
        Image.fromarray(rng.integers(0, 256, (16, 8, 3), np.uint8)).save(images / f"{n}.bmp")
    out, whole = tmp_path / "poses.csv", tmp_path / "whole.csv"
    options = ["--weights", str(weights), "--batch-size", "1", "--threshold", "0"]
    process = subprocess.Popen(
        [sys.executable, str(TOOL), str(images), "--out", str(out), *options],
        env={**os.environ, "PYTHONPATH": str(TOOL.parents[1])},
        stderr=subprocess.DEVNULL,
    )
    parts = Path(f"{out}.parts")
    end = time.monotonic() + 120
    while not (parts / "000002.npy").exists() and time.monotonic() < end:
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not out.exists()
    assert 3 <= len(list(parts.glob("*.npy"))) < 400
    failed(
        command("annotate_poses", images, "--out", out, *options[:-1], 0.5), "threshold 0.0 (now"
    )
    assert command("annotate_poses", images, "--out", out, *options).code == 0
    assert command("annotate_poses", images, "--out", whole, *options).code == 0
    assert out.read_bytes() == whole.read_bytes()
    assert not parts.exists()


def test_damaged_images(command, simcc_model, images, tmp_path):
    (images / "b.png").write_bytes((images / "a.png").read_bytes()[:100])
    out = tmp_path / "poses.csv"
    options = ("--out", out, "--weights", simcc_model())
    failed(command("annotate_poses", images, *options), "b.png", "--on-error skip")
    done = command("annotate_poses", images, *options, "--on-error", "skip")
    assert done.code == 0
    assert f"1 images cannot be decoded and are left out:\n{images / 'b.png'}\n" in done.output
    assert "b.png" not in read_keypoint_csv(out)


def test_nothing_is_replaced_without_restart(command, simcc_model, images, tmp_path):
    out = tmp_path / "poses.csv"
    out.write_text("corrected by hand")
    line = ("annotate_poses", images, "--out", out, "--weights", simcc_model())
    failed(command(*line), "poses.csv is already there", "--restart")
    assert out.read_text() == "corrected by hand"
    assert command(*line, "--restart").code == 0
    assert len(read_keypoint_csv(out)) == 5


def test_openpose_files(command, images, tmp_path):
    numbers = [v for k in range(25) for v in (k, 2 * k, 0.5)]
    for name in ("b", "cam1/a"):
        path = tmp_path / "json" / f"{name}_keypoints.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"people": [{"pose_keypoints_2d": numbers}] * 2}))
    out = tmp_path / "poses.csv"
    line = ("annotate_poses", images, "--out", out, "--from-openpose", tmp_path / "json")
    done = command(*line)
    failed(done, "3 of 5 images have no joint")
    assert "3 images are not in the key points" in done.output
    assert "2 entries had several people" in done.output
    poses = read_keypoint_csv(out)
    assert poses["b.png"][8].tolist() == [9, 18, 1]  # the right hip is BODY_25's joint 9
    assert poses["cam1/a.png"].any()
    assert not poses["a.png"].any()
    failed(command(*line, "--threshold", "nan", "--restart"), "threshold nan")


@pytest.mark.parametrize("there", ["poses.csv", "poses.csv.parts"])
def test_conversion_does_not_go_on_with_an_interrupted_run(command, images, tmp_path, there):
    out, parts = tmp_path / "poses.csv", tmp_path / "poses.csv.parts"
    parts.mkdir()
    (parts / "settings.json").write_text("{}")
    if there == "poses.csv":
        out.write_text("corrected by hand")
    flat = [v for k in range(17) for v in (k, 2 * k, 0.4)]
    index = {
        "images": [{"id": n, "file_name": f"{name}.png"} for n, name in enumerate("ab")],
        "annotations": [{"image_id": n, "keypoints": flat} for n in range(2)],
    }
    (tmp_path / "coco.json").write_text(json.dumps(index))
    line = ("annotate_poses", images, "--out", out, "--from-coco", tmp_path / "coco.json")
    failed(command(*line), f"{there} is already there", "--restart")
    assert parts.exists()
    assert not out.exists() or out.read_text() == "corrected by hand"
    command(*line, "--restart")
    assert len(read_keypoint_csv(out)) == 5
    assert not parts.exists()


def test_coco_and_mmpose_files(command, images, tmp_path):
    xy = [[k, 2 * k] for k in range(17)]
    flat = [v for x, y in xy for v in (x, y, 0.4)]
    named = ("a.png", "b.png", "cam1/a.png")
    index = {
        "images": [{"id": n, "file_name": name} for n, name in enumerate(named)],
        "annotations": [{"image_id": n, "keypoints": flat} for n in range(3)],
    }
    (tmp_path / "coco.json").write_text(json.dumps(index))
    (tmp_path / "results.json").write_text(json.dumps(index["annotations"]))
    (tmp_path / "mmpose" / "cam1").mkdir(parents=True)
    for name in named:
        people = [{"keypoints": xy, "keypoint_scores": [0.4] * 17}]
        (tmp_path / "mmpose" / name).with_suffix(".json").write_text(json.dumps(people))
    sources = (
        ("--from-coco", tmp_path / "coco.json"),
        ("--from-coco", tmp_path / "results.json", tmp_path / "coco.json"),
        ("--from-mmpose", tmp_path / "mmpose"),
    )
    for number, source in enumerate(sources):
        out = tmp_path / f"{number}.csv"
        done = command("annotate_poses", images, "--out", out, *source)
        assert done.code == 0, done.error
        ankle = read_keypoint_csv(out)["b.png"][JOINTS.index("left_ankle"), :2].tolist()
        assert ankle == xy[COCO17_JOINTS.index("left_ankle")]
        high = command("annotate_poses", images, "--out", f"{out}.2", *source, "--threshold", 0.5)
        failed(high, "5 of 5 images have no joint")
    failed(command("annotate_poses", images, "--out", out, *sources[1][:2], "--restart"), "number")


def test_refusals(command, simcc_model, images, tmp_path):
    out, weights = ("--out", tmp_path / "poses.csv"), ("--weights", simcc_model())
    failed(command("annotate_poses", images, *out), "--weights FILE", "--download")
    missing = ("--weights", tmp_path / "none.onnx")
    failed(command("annotate_poses", images, *out, *missing), "none.onnx does not exist")
    failed(command("annotate_poses", tmp_path / "none", *out, *weights), "is not a folder")
    size = ("--batch-size", 0)
    failed(command("annotate_poses", images, *out, *weights, *size), "batch size 0")
    three = ("--from-coco", *"abc")
    failed(command("annotate_poses", images, *out, *three), "--from-coco")
    both = command("annotate_poses", images, *out, *weights, "--download")
    assert both.code == 2
    assert "not allowed with" in both.error
    assert [p.name for p in tmp_path.iterdir()] == ["images"]
