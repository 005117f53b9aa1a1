import csv
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from PIL import Image

from posegan_plugin.datasets import read_market_layout
from posegan_plugin.paths import weights_path
from posegan_plugin.pose import write_keypoint_csv
from posegan_plugin.published import read_weights, write_weights

ROOT = Path(__file__).resolve().parents[2]
# torchreid as a script of its own uses it; nothing of this package may be needed.
PLAIN = """
import sys
import torchreid
toolbox = getattr(torchreid, "reid", torchreid)
datamanager = toolbox.data.ImageDataManager(
    root=sys.argv[1], sources="market1501", height=64, width=32, batch_size_train=16,
    batch_size_test=32, workers=0, use_gpu=False,
)
model = toolbox.models.build_model(
    "osnet_x0_25", datamanager.num_train_pids, loss="softmax", pretrained=False, use_gpu=False
)
optimizer = toolbox.optim.build_optimizer(model)
scheduler = toolbox.optim.build_lr_scheduler(optimizer)
engine = toolbox.engine.ImageSoftmaxEngine(
    datamanager, model, optimizer, scheduler=scheduler, use_gpu=False
)
engine.run(save_dir=sys.argv[2], max_epoch=1, print_freq=100, ranks=[1])
images = datamanager.train_loader.dataset.train
print("trained on", len(images), "images of", datamanager.num_train_pids, "people")
assert "posegan_plugin" not in sys.modules
"""


@pytest.fixture(scope="module")
def line(tiny):
    """The usual command line but for ``--out``: 60 images of 30 people."""
    root = tiny.data_root / "procedural_people"
    options = ["--device", "cpu", "--batch-size", 4, "--size", 32, 16, "--limit", 30]
    return ["demo", "--root", root, *options]


@pytest.fixture(scope="module")
def finished(line, tmp_path_factory):
    """A set that was made at one go by a process of its own, and what it said."""
    out = tmp_path_factory.mktemp("finished") / "market1501" / "Market-1501-v15.09.15"
    done = started(*line, "--out", out)
    said, _ = done.communicate(timeout=300)
    assert done.returncode == 0, said
    return out, said


def started(*line):
    """A process that runs the tool."""
    return subprocess.Popen(
        [sys.executable, ROOT / "tools" / "synthesize.py", *map(str, line)],
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "3"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def content(root):
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def test_says_what_it_made(finished):
    out, said = finished
    table = said.splitlines()[-9:]
    assert table[0] == table[-1] == "-" * len(table[0])
    assert "30 of 72 training images" in table[1]
    assert "60 images" in table[2]
    assert "images/s" in table[6]
    assert str(out) in said
    assert "synthesising" in said  # the progress bar
    assert len(read_market_layout(out).train) == 72 + 60


def test_sigkill(finished, line, command, tmp_path):
    process = started(*line, "--out", tmp_path)
    wanted = random.Random().randint(1, 50)
    images = tmp_path / "bounding_box_train"
    end = time.monotonic() + 240
    while len(list(images.glob("*s0_*"))) < wanted:
        assert process.poll() is None and time.monotonic() < end, process.stdout.read()
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    process.stdout.close()
    expected = content(finished[0])
    found = {k: v for k, v in content(tmp_path).items() if "/." not in f"/{k}"}
    assert not (tmp_path / "manifest.csv").exists()
    assert len(found) >= wanted
    assert found == {name: expected[name] for name in found}
    assert command("synthesize", *line, "--out", tmp_path).code == 0
    assert content(tmp_path) == expected


def test_two_processes(finished, line, command, tmp_path, monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    for rank, said in enumerate(("left to other processes", "60 images")):
        monkeypatch.setenv("RANK", str(rank))
        done = command("synthesize", *line, "--out", tmp_path)
        assert (done.code, said in done.output) == (0, True)
    assert content(tmp_path) == content(finished[0])


def test_plain_torchreid_trains_on_it(finished, tmp_path):
    pytest.importorskip("torchreid")
    (tmp_path / "plain.py").write_text(PLAIN)
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, tmp_path / "plain.py", finished[0].parents[1], tmp_path / "log"],
        env={**environment, "OMP_NUM_THREADS": "1"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "trained on 132 images of 12" in done.stdout
    assert "Rank-1" in done.stdout
    assert list((tmp_path / "log").rglob("model*"))


def test_options(line, command, tmp_path):
    poses = {
        "standing": [[8, 2 + n, 1] for n in range(18)],
        "again": [[9, 3 + n, 1] for n in range(18)],
    }
    write_keypoint_csv(tmp_path / "poses.csv", poses)
    options = ["--target", tmp_path / "poses.csv", "--pose-size", 32, 16, "--limit", 3, "--amp"]
    options += [
        "--format",
        "png",
        "--real",
        "none",
        "--seed",
        7,
        "--min-joints",
        12,
        "--workers",
        2,
    ]
    options += ["--min-similarity", -1, "--max-similarity", 1, "--size", 64, 32]
    done = command("synthesize", *line, *options, "--out", tmp_path / "out")
    assert done.code == 0, done.error
    with (tmp_path / "out" / "manifest.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [r["target"] for r in rows] == ["poses.csv:standing", "poses.csv:again"] * 3
    assert {r["seed"] for r in rows} == {"7"}
    for path in (tmp_path / "out" / "bounding_box_train").iterdir():
        assert (Image.open(path).format, Image.open(path).size) == ("PNG", (32, 64))


def test_another_network_may_judge(line, command, tmp_path):
    weights = read_weights(weights_path("demo"))
    alone = {k: v for k, v in weights["state_dict"].items() if k.startswith("generator.")}
    architecture = json.loads(weights["meta"]["architecture"])
    write_weights(tmp_path / "alone.safetensors", alone, {**architecture, "reid": None})
    line = [tmp_path / "alone.safetensors", *line[1:], "--limit", 2, "--min-similarity", 0]
    done = command("synthesize", *line, "--out", tmp_path / "out")
    assert (done.code, "need a re-ID network" in done.error) == (2, True)
    done = command("synthesize", *line, "--reid", "demo", "--out", tmp_path / "out")
    assert (done.code, "similarity" in done.output) == (0, True)


@pytest.fixture
def refusal(line, command, tmp_path):
    def run(*more, line=line, out=tmp_path / "out"):
        done = command("synthesize", *line, *more, "--out", out)
        assert (done.code, done.error.count("error: ")) == (2, 1)
        sentence = done.error[done.error.index("error: ") :]
        assert sentence.count("\n") == 1
        return sentence

    return run


def test_changed_checkpoint(refusal, line, finished, tmp_path):
    weights = read_weights(weights_path("demo"))
    first = next(iter(weights["state_dict"]))
    weights["state_dict"][first] = weights["state_dict"][first] + 1e-3
    architecture = json.loads(weights["meta"]["architecture"])
    changed = tmp_path / "changed.safetensors"
    write_weights(changed, weights["state_dict"], architecture)
    before = content(finished[0])
    error = refusal(line=[changed, *line[1:]], out=finished[0])
    assert "was begun with checkpoint_sha256" in error
    assert content(finished[0]) == before


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--target", "same"], "target same: neither one of same_id, cross_camera, any"),
        (["--poses", "0"], "poses 0"),
        (["--size", "4", "4"], "size 4 4"),
        (["--device", "toaster"], "device toaster"),
        (["--reid", "nowhere.pth"], "nowhere.pth does not exist"),
        (["--keypoints", "nowhere.csv"], "nowhere.csv does not exist"),
        (["--min-joints", "0"], "min_joints 0"),
    ],
)
def test_mistakes(refusal, more, message, tmp_path):
    assert message in refusal(*more)
    assert not (tmp_path / "out").exists()


def test_data_and_checkpoint_that_are_not_there(refusal, line, tmp_path):
    assert "name the people" in refusal(line=["demo"])
    assert "nowhere.pth does not exist" in refusal(line=["nowhere.pth", *line[1:]])
    assert str(tmp_path / "none") in refusal(line=["demo", "--root", tmp_path / "none"])


def test_output_that_cannot_be(refusal, line, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    assert "cannot be made or read" in refusal(out=tmp_path / "file" / "out")
    assert "holds something else" in refusal(out=line[2])


def test_no_usable_people(refusal, tiny, tmp_path):
    names = (tiny.data_root / "procedural_people" / "bounding_box_train").iterdir()
    write_keypoint_csv(tmp_path / "few.csv", {p.name: torch.eye(18, 3) for p in names})
    assert "min_joints=10" in refusal("--keypoints", tmp_path / "few.csv")


def test_interrupted_from_the_keyboard(command, line, tmp_path, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("posegan_plugin.synthesis.parts.render", interrupt)
        done = command("synthesize", *line, "--limit", 2, "--out", tmp_path)
    assert (done.code, done.output) == (2, "")
    assert done.error.endswith("error: interrupted: start the same command again to go on\n")
    assert command("synthesize", *line, "--limit", 2, "--out", tmp_path).code == 0


def test_skips_what_the_config_skips(command, tiny, tmp_path):
    root = shutil.copytree(tiny.data_root, tmp_path / "data")
    damaged = next((root / "procedural_people" / "bounding_box_train").iterdir())
    damaged.write_bytes(b"no image")
    config = tmp_path / "skip.py"
    skip = 'train_dataloader = dict(dataset=dict(on_error="skip"))'
    line = ["demo", "--config", config, "--root", root, "--device", "cpu", "--limit", 4]
    config.write_text(f"_base_ = {str(tiny.config)!r}\n")
    done = command("synthesize", *line, "--out", tmp_path / "refused")
    assert done.code == 2 and damaged.name in done.error
    config.write_text(f"_base_ = {str(tiny.config)!r}\n{skip}\n")
    done = command("synthesize", *line, "--out", tmp_path / "made")
    assert done.code == 0, done.error
    assert "of 71 training images" in done.output
