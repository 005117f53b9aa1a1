"""File names that are to go wrong."""

import csv
import os
import shutil
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from posegan_plugin.datasets import Person, ReIDSplits, read_market_layout
from posegan_plugin.pose import read_keypoint_csv, write_keypoint_csv


def copied(people, root, places):
    """The same people with their images at other places below a folder."""
    for person, place in zip(people, places, strict=True):
        (root / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(person.path, root / place)
    moved = (str(root / place) for place in places)
    return [p._replace(path=path) for p, path in zip(people, moved, strict=True)]


@pytest.fixture
def points(people, keypoints):
    """Key points by path for people whose images were moved."""

    def of(moved):
        return {
            new.path: keypoints[Path(old.path).name]
            for old, new in zip(people.train, moved, strict=False)
        }

    return of


def test_the_same_name_in_several_folders(make, people, points, tmp_path):
    train = copied(people.train[:12], tmp_path, [f"{n}/image.jpg" for n in range(12)])
    splits = ReIDSplits("folders", train, [], [])
    make(tmp_path / "out", splits=splits, points=points(train))
    files = list((tmp_path / "out" / "bounding_box_train").iterdir())
    assert len(files) == 12 + 24
    with (tmp_path / "out" / "real.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert [line["source"] for line in lines] == [f"{n}/image.jpg" for n in range(12)]
    for line, person in zip(lines, people.train, strict=False):
        assert line["file"].split("/")[1][:4] == f"{person.pid + 1:04d}"  # labels from 1
        assert (tmp_path / "out" / line["file"]).read_bytes() == Path(person.path).read_bytes()


@pytest.mark.skipif(os.name == "nt", reason="names that Windows does not allow")
def test_malicious_names(make, people, points, tmp_path):
    names = [
        "data/..evil/x\r.jpg",
        "data/a b/-rf.jpg",
        "data/=cmd()/x,y.jpg",
        'data/"quoted"/$(touch hacked).jpg',
        "data/two\nlines/x.jpg",
        "data/0001_c1/%2e%2e%2fx.jpg",
    ]
    train = copied(people.train[:6], tmp_path, names)
    train = [p._replace(path=p.path.replace("/data/", "/data/../data/")) for p in train]
    make(tmp_path / "out", splits=ReIDSplits("evil", train, [], []), points=points(train))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["data", "out"]
    assert sum(len(files) for *_, files in os.walk(tmp_path / "data")) == 6
    made = [p.name for p in (tmp_path / "out" / "bounding_box_train").iterdir()]
    assert len(made) == 6 + 12
    assert all(set(name) <= set("0123456789_cs.jpg") for name in made)
    with (tmp_path / "out" / "manifest.csv").open(newline="") as file:
        sources = {line["source"] for line in csv.DictReader(file)}
    assert sources == {name.removeprefix("data/") for name in names}


def test_poses_with_malicious_names(make, keypoints, tmp_path):
    poses = dict(zip(["../../up.jpg", "/etc/x", "a:b"], keypoints.values(), strict=False))
    write_keypoint_csv(tmp_path / "poses.csv", poses)
    make(tmp_path / "out", target=str(tmp_path / "poses.csv"), limit=2)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out", "poses.csv"]
    made = list((tmp_path / "out" / "bounding_box_train").glob("*s0_*"))
    assert len(made) == 6


def test_other_image_formats_become_the_outputs(make, people, points, tmp_path):
    train = copied(people.train[:6], tmp_path, [f"{n}.jpeg" for n in range(6)])
    picture = np.asarray(Image.open(train[0].path).convert("RGB"))
    png = str(tmp_path / "0.png")
    cv2.imwrite(png, cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    train[0] = train[0]._replace(path=png)
    splits = ReIDSplits("formats", train, [], [])
    for kind in ("jpg", "png"):
        make(tmp_path / kind, splits=splits, points=points(train), format=kind)
        real = sorted((tmp_path / kind / "bounding_box_train").glob("*s1_*"))
        assert [p.suffix for p in real] == [f".{kind}", *[".jpg"] * 5]
        assert real[1].read_bytes() == Path(train[1].path).read_bytes()
        found = np.asarray(Image.open(real[0]).convert("RGB"))
        assert Image.open(real[0]).format == {"jpg": "JPEG", "png": "PNG"}[kind]
        assert np.abs(found.astype(int) - picture).mean() < (0.5 if kind == "png" else 4)
    assert real[0].read_bytes() == (tmp_path / "0.png").read_bytes()


def test_images_without_key_points_are_copied_all_the_same(make, people, keypoints, tmp_path):
    name = Path(people.train[0].path).name
    points = {k: v for k, v in keypoints.items() if k != name}
    report = make(tmp_path, points=points)
    assert (report.sources, report.people, report.real) == (71, 72, 96)
    found = read_keypoint_csv(tmp_path / "market-annotation-train.csv")
    assert len(found) == 71 + 142
    assert "0001_c1s1_000000_00.jpg" not in found


def test_junk_and_numbers_beyond_market(make, people, tmp_path):
    gallery = [*people.gallery, Person(people.gallery[0].path, -1, 0)]
    report = make(tmp_path / "a", splits=replace(people, gallery=gallery), limit=1)
    assert report.real == 96
    assert len(read_market_layout(tmp_path / "a").gallery) == 12
    assert "Market-1501 has not" not in report.table()
    gallery[-1] = Person(people.gallery[0].path, 0, 6)
    report = make(tmp_path / "b", splits=replace(people, gallery=gallery), limit=1)
    assert "Market-1501 has not" in report.table()


def test_real_image_that_is_gone(make, people, points, tmp_path):
    from posegan_plugin.errors import UserError

    train = copied(people.train[:6], tmp_path, [f"{n}.jpg" for n in range(6)])
    lost = Person(str(tmp_path / "lost.jpg"), 50, 0)
    splits = ReIDSplits("gone", train, [lost], [])
    with pytest.raises(UserError, match=r"lost\.jpg cannot be read .*start again"):
        make(tmp_path / "out", splits=splits, points=points(train))
    shutil.copy(train[0].path, lost.path)
    assert make(tmp_path / "out", splits=splits, points=points(train)).real == 7
