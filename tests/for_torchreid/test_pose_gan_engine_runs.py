import math
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

pytest.importorskip("torchreid")

import posegan_plugin
from posegan_plugin.errors import UserError
from posegan_plugin.for_mmengine.pretrained import load_pretrained
from posegan_plugin.for_torchreid.models import TorchreidReIDNetwork
from posegan_plugin.images import to_imagenet
from posegan_plugin.training import frozen

NAMES = ("reid", "generator", "appearance_discriminator", "pose_discriminator")


def same(a, b):
    """Whether two checkpoints hold the same, to the last bit."""
    if isinstance(a, torch.Tensor):
        return torch.equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(v, b[k]) for k, v in a.items())
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b or (a != a and b != b)


def files(folder, epoch):
    return {n: torch.load(folder / n / f"model.pth.tar-{epoch}", weights_only=True) for n in NAMES}


@pytest.fixture(scope="module")
def uninterrupted(joint_engine, tmp_path_factory):
    """A run of two epochs; nobody may change its files."""
    folder = tmp_path_factory.mktemp("uninterrupted")
    engine = joint_engine(schedule=True)
    engine.run(folder, max_epoch=2, eval_freq=1)
    return folder


def test_checkpoints_of_all_networks(uninterrupted):
    first, second = files(uninterrupted, 1), files(uninterrupted, 2)
    for name in NAMES:
        assert first[name]["epoch"] == 1
        assert second[name]["scheduler"]["last_epoch"] == 2
        assert second[name]["optimizer"]["param_groups"][0]["lr"] == 1e-3 / 4
        assert not same(first[name]["state_dict"], second[name]["state_dict"])


def test_resumed_run_is_the_uninterrupted_one(uninterrupted, joint_engine, tmp_path):
    # Other weights and another seed: both come from the checkpoint.
    engine = joint_engine(schedule=True, seed=5)
    torch.manual_seed(77)
    start = engine.resume(uninterrupted / "generator" / "model.pth.tar-1")
    engine.run(tmp_path, max_epoch=2, start_epoch=start, eval_freq=1)
    assert start == 1
    assert not (tmp_path / "reid" / "model.pth.tar-1").exists()
    found, expected = files(tmp_path, 2), files(uninterrupted, 2)
    assert [n for n in NAMES if not same(found[n], expected[n])] == []


@pytest.mark.parametrize("source", ["", "generator/model.pth.tar-2"])
def test_its_generator_can_be_used_by_itself(uninterrupted, joint_engine, source):
    """By tools/synthesize.py and whoever else loads trained networks."""
    loaded = load_pretrained(uninterrupted / source)
    assert loaded.path == uninterrupted / "generator" / "model.pth.tar-2"
    trained = files(uninterrupted, 2)["generator"]["state_dict"]
    assert same(dict(loaded.need_generator().state_dict()), dict(trained))
    assert loaded.reid is None


def test_another_generator_is_refused(uninterrupted, joint_engine):
    engine = joint_engine(schedule=True, channels=16)
    with pytest.raises(UserError, match=r"generator.*belongs to another architecture"):
        engine.resume(uninterrupted)


def test_test_only_and_visrank(joint_engine, tmp_path, capsys):
    joint_engine().run(tmp_path, test_only=True, visrank=True, visrank_topk=2)
    assert "** Results **" in capsys.readouterr().out
    assert len(list((tmp_path / "visrank_market1501").iterdir())) == 12


def test_plugins_reid_network(joint_engine):
    torch.manual_seed(0)
    reid = TorchreidReIDNetwork("osnet_x0_25", 8, "triplet", pretrained=False)
    engine = joint_engine(reid=reid)
    engine.set_model_mode("train")
    data = next(iter(engine.train_loader))
    assert all(math.isfinite(v) for v in engine.forward_backward(data).values())
    images = engine.people.batch(data).images
    with frozen(reid, evaluation=True):
        expected = reid(to_imagenet(images))
        assert torch.equal(engine.generation.encode_only(images), expected)


def test_upstream_layout(upstream_layout, market_root, market_keypoints, tmp_path):
    """Joint training and resume where torchreid's modules lie as in upstream's repository."""
    code = f"""
import importlib.util
spec = importlib.util.spec_from_file_location("parts", {str(Path(__file__).with_name("conftest.py"))!r})
parts = importlib.util.module_from_spec(spec)
spec.loader.exec_module(parts)
engine = parts.build_joint({str(market_root)!r}, {str(market_keypoints)!r})
engine.run({str(tmp_path / "log")!r}, max_epoch=1)
print(engine.resume({str(tmp_path / "log")!r}), type(engine).__mro__[-2].__module__)
"""
    paths = os.pathsep.join((str(upstream_layout), str(Path(posegan_plugin.__file__).parents[1])))
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "1 torchreid.engine.engine"
    files(tmp_path / "log", 1)
