import shutil
import sys
from pathlib import Path

import pytest
import yaml

pytest.importorskip("torchreid")


def test_values_behind_an_option_that_takes_several(tool):
    args = tool.parse_args(["-s", "a", "b", "--root", "r", "-t", "c", "train.lr", "1"])
    assert (args.sources, args.targets, args.root) == (["a", "b"], ["c"], "r")
    assert args.opts == ["train.lr", "1"]


@pytest.mark.parametrize(
    ("opts", "message"),
    [
        (("train.bach_size", "8"), "did you mean 'train.batch_size'?"),
        (("data.type", "video"), "data.type: 'video' is not supported"),
        (("model.name", "osnet_x0_26"), "did you mean 'osnet_x0_25'?"),
        (("data.sources", "markt1501"), "did you mean 'market1501'?"),
        (("data.targets", "dukemtmcreid"), "DukeMTMCreID was not found"),
        (("data.transforms", "random_flop"), "did you mean 'random_flip'?"),
        (("data.transforms", "pose_transfer"), "choose posegan.mode online"),
        (("train.optim", "sdg"), "did you mean 'sgd'?"),
        (("train.batch_size", "100"), "train.batch_size=100 does not fit RandomIdentitySampler"),
        (
            ("train.batch_size", "100", "sampler.train_sampler", "RandomSampler"),
            "is more than the 32 training images",
        ),
        (("sampler.num_instances", "9"), "no less than num_instances=9"),
        (("test.visrank", "True"), "test.visrank needs test.evaluate: True"),
        (("test.visactmap", "True"), "tools/visualize_actmap.py"),
        (("test.ranks", "[1, 51]"), "test.ranks=[1, 51] must be ranks from 1 to 50"),
        (("model.load_weights", "nowhere.pth"), "nowhere.pth does not exist"),
        (("model.resume", "nowhere.pth"), "nowhere.pth does not exist"),
        (("model.load_weights", "config.yaml"), "config.yaml cannot be read"),
        (("data.save_dir", "/proc/nowhere"), "data.save_dir /proc/nowhere cannot be made"),
        (
            ("train.fixbase_epoch", "1", "train.open_layers", "head"),
            "train.open_layers: osnet_x0_25 has no layer 'head'; it has conv1,",
        ),
        (("posegan.mode", "joint"), "needs posegan.keypoints"),
        (("posegan.mode", "online"), "needs posegan.checkpoint"),
        (
            ("loss.name", "triplet", "loss.triplet.weight_x", "0", "train.fixbase_epoch", "1"),
            "set train.fixbase_epoch: 0",
        ),
    ],
)
def test_refusals(tool, base_config, market, tmp_path, monkeypatch, capsys, opts, message):
    monkeypatch.chdir(tmp_path)
    Path("config.yaml").write_text(yaml.safe_dump(base_config))
    before = sorted(market.rglob("*"))
    line = ["tool", "--config-file", "config.yaml", "--root", str(market), *opts]
    monkeypatch.setattr(sys, "argv", line)
    with pytest.raises(SystemExit) as stop:
        tool.main()
    assert stop.value.code == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert message in error
    assert error.count("\n") == 1
    assert sorted(market.rglob("*")) == before
    assert not list(tmp_path.rglob("*.tar*"))


def test_truncated_image(tool, base_config, market, tmp_path, monkeypatch, capsys):
    """torchreid would try to read it for ever."""
    root = shutil.copytree(market, tmp_path / "data")
    path = sorted(root.rglob("bounding_box_train/*.jpg"))[0]
    path.write_bytes(path.read_bytes()[:-60])
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(base_config))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["tool", "--config-file", "config.yaml", "--root", str(root)])
    with pytest.raises(SystemExit) as stop:
        tool.main()
    assert stop.value.code == 2
    error = capsys.readouterr().err
    assert error.startswith(f"error: {path} cannot be decoded as an image")
    assert error.count("\n") == 1
