import csv
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from posegan_plugin.datasets import PersonDataset, read_market_layout
from posegan_plugin.errors import UserError
from posegan_plugin.pose import read_keypoint_csv


def table(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def names(folder):
    return sorted(p.name for p in folder.iterdir())


def test_a_complete_data_set(whole, people):
    made = read_market_layout(whole)
    assert [len(s) for s in (made.train, made.query, made.gallery)] == [72 + 144, 12, 12]
    assert made.num_identities == 12
    for split in ("query", "gallery"):
        theirs, ours = getattr(people, split), getattr(made, split)
        assert sorted(p[1:] for p in theirs) == sorted(p[1:] for p in ours)
    assert sorted(p.name for p in whole.iterdir()) == [
        "bounding_box_test",
        "bounding_box_train",
        "manifest.csv",
        "market-annotation-test.csv",
        "market-annotation-train.csv",
        "preview.png",
        "query",
        "real.csv",
        "synthesis.json",
    ]


def test_augmented_market_of_torchreid(make, whole, people, tmp_path):
    pytest.importorskip("torchreid")
    from posegan_plugin.for_torchreid.image_datasets import AugmentedMarket

    made = AugmentedMarket(whole.parent, whole.name, verbose=False)
    assert [len(s) for s in (made.train, made.query, made.gallery)] == [72 + 144, 12, 12]
    assert made.num_train_pids == 12
    assert len(made.keypoint_files) == 2
    make(tmp_path / "alone", real="none")
    beside = shutil.copytree(Path(people.train[0].path).parents[1], tmp_path / "beside")
    (tmp_path / "alone" / "bounding_box_train").rename(beside / "bounding_box_synthesised")
    again = AugmentedMarket(tmp_path, "beside", verbose=False)
    assert sorted(p[1:3] for p in again.train) == sorted(p[1:3] for p in made.train)


def test_every_image_can_be_told_and_read(whole):
    for folder in ("bounding_box_train", "query", "bounding_box_test"):
        for path in (whole / folder).iterdir():
            assert re.fullmatch(r"\d{4}_c[1-3]s[01]_\d{6}_\d\d\.jpg", path.name)
            assert Image.open(path).convert("RGB").size == (16, 32)


def test_manifest(whole, people, keypoints):
    lines = table(whole / "manifest.csv")
    assert len(lines) == 144
    by_path = {"/".join(p.path.split("/")[-2:]): p for p in people.train}
    for line in lines:
        source, target = by_path[line["source"]], by_path[line["target"]]
        number = int(line["source"].split("/")[1][:4])
        assert int(line["pid"]) == number == int(line["file"].split("/")[1][:4])
        assert source.pid == target.pid
        assert source.path != target.path
        assert int(line["source_camid"]) == source.camid
        assert int(line["camid"]) == target.camid  # the generator is told the camera
        assert f"_c{target.camid + 1}s0_" in line["file"]
        assert (line["checkpoint_sha256"], line["seed"]) == ("c" * 64, "0")
        assert (line["kept"], line["reason"]) == ("1", "")
        assert -1 <= float(line["similarity"]) <= 1
        assert (whole / line["file"]).is_file()
    found = read_keypoint_csv(whole / "market-annotation-train.csv")
    for line in lines:
        pose = keypoints[line["target"].split("/")[1]]
        assert np.array_equal(found[line["file"].split("/")[1]], pose)


def test_real_images_and_their_key_points(whole, people, keypoints):
    lines = table(whole / "real.csv")
    everyone = [*people.train, *people.query, *people.gallery]
    root = everyone[0].path.rsplit("/", 2)[0]
    assert [f"{root}/{line['source']}" for line in lines] == [p.path for p in everyone]
    train, test = (read_keypoint_csv(p) for p in read_market_layout(whole).keypoints[::-1])
    assert (len(train), len(test)) == (72 + 144, 24)
    for line in lines:
        copied, own = line["file"].split("/")[1], line["source"].split("/")[1]
        assert (whole / line["file"]).read_bytes() == Path(f"{root}/{line['source']}").read_bytes()
        assert (copied[:7], "s1_" in copied) == (own[:7], True)
        assert np.array_equal({**train, **test}[copied], keypoints[own])


def test_settings(whole):
    settings = json.loads((whole / "synthesis.json").read_text())
    assert (settings["target"], settings["size"]) == ("same_id", [32, 16])
    assert settings["checkpoint_sha256"] == "c" * 64


def test_preview(whole):
    width, height = Image.open(whole / "preview.png").size
    assert height > 12 * 192
    assert width > 3 * 96


def test_report(make, whole):
    report = make(whole)
    assert (report.people, report.sources, report.real) == (72, 72, 96)
    assert (report.made, report.rate, report.missing) == (0, None, 0)
    text = report.table()
    assert "72 of 72 training images" in text
    assert "144 images" in text
    assert "alone" not in text
    assert str(whole) in text


def test_several_workers_make_the_same(make, whole, content, tmp_path):
    make(tmp_path, workers=4)
    assert content(tmp_path) == content(whole)


@pytest.mark.parametrize("workers", [0, -1])
def test_no_workers(make, tmp_path, workers):
    with pytest.raises(UserError, match=f"workers={workers} must be at least 1"):
        make(tmp_path / "new", workers=workers)
    assert not (tmp_path / "new").exists()


def test_report_of_filters(make, tmp_path):
    report = make(tmp_path, min_similarity=0.9, max_similarity=0.99, real="none", limit=20)
    lines = table(tmp_path / "manifest.csv")
    dropped = {
        why: sum(line["reason"] == why for line in lines) for why in ("identity", "diversity")
    }
    assert len(lines) == 40
    assert all(float(line["similarity"]) < 0.9 for line in lines if line["reason"] == "identity")
    kept = [line["file"].split("/")[1] for line in lines if line["kept"] == "1"]
    assert names(tmp_path / "bounding_box_train") == sorted(kept)
    assert 0 < len(kept) < 40
    text = report.table()
    assert f"{len(kept)} images" in text
    assert all(f"{n} by {why}" in text for why, n in dropped.items() if n)
    assert list(read_keypoint_csv(tmp_path / "market-annotation-train.csv")) == kept


def test_everything_dropped(make, tmp_path):
    report = make(tmp_path, min_similarity=1.0, limit=3)
    assert "every image was dropped" in report.table()
    assert len(table(tmp_path / "manifest.csv")) == 6
    assert not (tmp_path / "preview.png").exists()


def test_synthesised_images_alone(make, tmp_path):
    report = make(tmp_path, real="none", limit=5)
    assert report.real == 0
    assert not {"query", "bounding_box_test", "real.csv", "market-annotation-test.csv"} & set(
        names(tmp_path)
    )
    assert all("s0_" in name for name in names(tmp_path / "bounding_box_train"))
    assert "a training set alone" in report.table()


def test_png_and_size(make, tmp_path):
    make(tmp_path, format="png", size=(64, 32), limit=4)
    made = [n for n in names(tmp_path / "bounding_box_train") if "s0_" in n]
    assert len(made) == 8
    assert all(n.endswith(".png") for n in made)
    assert Image.open(tmp_path / "bounding_box_train" / made[0]).size == (32, 64)
    points = read_keypoint_csv(tmp_path / "market-annotation-train.csv")
    dataset = PersonDataset(read_market_layout(tmp_path).train, points, (64, 32))
    assert int((dataset.joint_counts >= 10).sum()) == 72 + 8


def test_filters_need_a_reid_network(make, other_networks, tmp_path):
    networks = other_networks(describe=None)
    with pytest.raises(UserError, match="need a re-ID network"):
        make(tmp_path / "set", networks=networks, min_similarity=0.5)
    assert not (tmp_path / "set").exists()
    make(tmp_path / "set", networks=networks, limit=2)
    assert {line["similarity"] for line in table(tmp_path / "set" / "manifest.csv")} == {""}
