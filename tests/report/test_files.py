import json

import pytest
import torch

from posegan_plugin.report.files import (
    Checkpoint,
    NamedText,
    checkpoint_meta,
    checkpoints_of,
    newest_picture,
    read_cmc,
    read_text,
)


@pytest.fixture
def touch(tmp_path):
    def touch(*names):
        for name in names:
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_bytes(b"x" * 1500)
        return tmp_path

    return touch


@pytest.mark.parametrize(
    ("evaluated", "expected"), [(None, 100), (100, 100), (99, 20), (20, 20), (19, 3), (2, None)]
)
def test_newest_picture_up_to_the_last_evaluation(touch, evaluated, expected):
    names = ("epoch_003", "epoch_020", "epoch_100", "ranked_epoch_500", "my_epoch_900")
    found = newest_picture(touch(*(f"{n}.png" for n in names)), "epoch", evaluated)
    assert (found and found.epoch) == expected
    assert found is None or found.path.name == f"epoch_{expected:03d}.png"


def test_no_pictures(tmp_path):
    assert newest_picture(tmp_path / "pictures", "epoch", None) is None


def test_cmc(tmp_path):
    notes = []
    path = tmp_path / "cmc.json"
    assert read_cmc(path, 5, notes) == {}
    path.write_text(json.dumps({"epoch": 5, "num_queries": 4, "cmc": [0.25, 0.75]}))
    assert read_cmc(path, 5, notes) == {1: 25.0, 2: 75.0}
    assert read_cmc(path, 6, notes) == {}
    assert notes == []


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"cmc": ["a"], "epoch": 1}', '{"cmc": [1]}'])
def test_damaged_cmc(tmp_path, text):
    notes = []
    (tmp_path / "cmc.json").write_text(text)
    assert read_cmc(tmp_path / "cmc.json", 1, notes) == {}
    assert len(notes) == 1
    assert "cmc.json" in notes[0]


def test_text(touch):
    folder = touch("a/config.py")
    assert read_text(folder / "a" / "config.py", folder) == NamedText("a/config.py", "x" * 1500)
    assert read_text(folder / "b.py", folder) is None


def test_checkpoints_of_both_toolboxes_newest_first(touch):
    mmengine = ("epoch_9.pth", "epoch_10.pth", "best.pth")
    torchreid = ("reid/model.pth.tar-9", "reid/model.pth.tar-11", "generator/model.pth.tar-11")
    found = checkpoints_of(touch(*mmengine, *torchreid, "pictures/epoch_99.png"))
    assert [c.name for c in found] == [
        "generator/model.pth.tar-11",
        "reid/model.pth.tar-11",
        "epoch_10.pth",
        "epoch_9.pth",
        "reid/model.pth.tar-9",
        "best.pth",
    ]
    assert found[0] == Checkpoint("generator/model.pth.tar-11", 1500)


def test_meta_of_the_newest_checkpoint(tmp_path):
    notes = []
    assert checkpoint_meta(tmp_path, notes) == (None, {})
    (tmp_path / "last_checkpoint").write_text("/elsewhere/epoch_2.pth")
    meta = {"cfg": "a = 1", "mmengine_version": "0.10.7", "seed": 3}
    torch.save({"meta": meta, "state_dict": {}}, tmp_path / "epoch_2.pth")
    config, versions = checkpoint_meta(tmp_path, notes)
    assert config == NamedText("epoch_2.pth: meta.cfg", "a = 1")
    assert versions == {"MMEngine": "0.10.7", "seed": "3"}
    assert notes == []


def test_meta_of_a_damaged_checkpoint(tmp_path):
    notes = []
    (tmp_path / "last_checkpoint").write_text("epoch_2.pth")
    (tmp_path / "epoch_2.pth").write_bytes(b"x")
    assert checkpoint_meta(tmp_path, notes) == (None, {})
    assert "epoch_2.pth cannot be read" in notes[0]
