"""Procedural people on disk: layout, splits, repeatability, and what happens on errors."""

from __future__ import annotations

import csv
import hashlib
import json
import re
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from posegan_plugin.datasets.procedural import (
    ProceduralPeopleSpec,
    render_person,
    write_procedural_people,
    writer,
)
from posegan_plugin.errors import UserError

SPEC = ProceduralPeopleSpec(
    num_train_ids=5,
    num_test_ids=4,
    num_cameras=4,
    images_per_camera=3,
    cameras_per_id=2,
    height=64,
    width=32,
)
NAME = re.compile(r"^(\d{4})_c(\d)s\d_\d{6}_\d{2}\.jpg$")


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("data") / "people"
    assert write_procedural_people(root, SPEC, progress=False) == root
    return root


def parse(directory: Path) -> list[tuple[int, int]]:
    matches = [NAME.match(path.name) for path in sorted(directory.iterdir())]
    assert all(matches)
    return [(int(match[1]), int(match[2])) for match in matches]


def digest(root: Path) -> dict[str, str]:
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in root.rglob("*")
        if path.is_file()
    }


def test_layout_is_market_1501s(folder):
    assert sorted(path.name for path in folder.iterdir()) == [
        "bounding_box_test",
        "bounding_box_train",
        "market-annotation-test.csv",
        "market-annotation-train.csv",
        "query",
        "spec.json",
    ]
    train = parse(folder / "bounding_box_train")
    assert len(train) == 5 * 2 * 3
    assert {pid for pid, _ in train} == {1, 2, 3, 4, 5}
    assert {camera for _, camera in train} <= {1, 2, 3, 4}
    assert all(len({c for p, c in train if p == pid}) == 2 for pid in range(1, 6))


def test_every_query_has_a_gallery_picture_in_another_camera(folder):
    query, gallery = parse(folder / "query"), parse(folder / "bounding_box_test")
    assert len(query) == 4 * 2
    assert len(set(query)) == len(query)
    assert len(gallery) == 4 * 2 * 2
    assert {pid for pid, _ in query} == {6, 7, 8, 9}
    for pid, camera in query:
        assert any(p == pid and c != camera for p, c in gallery)


def test_pictures_on_disk_are_the_rendered_ones(folder):
    path = min((folder / "query").iterdir())
    pid, camera = parse(folder / "query")[0]
    bgr = cv2.imread(str(path))
    picture, _ = render_person(SPEC, pid, camera, 0)
    assert bgr.shape == (64, 32, 3)
    assert np.abs(bgr[:, :, ::-1].astype(int) - picture).mean() < 5


def test_annotations_are_patns(folder):
    for file, splits in (
        ("train", ["bounding_box_train"]),
        ("test", ["query", "bounding_box_test"]),
    ):
        with (folder / f"market-annotation-{file}.csv").open(newline="") as stream:
            rows = list(csv.reader(stream, delimiter=":"))
        assert rows[0] == ["name", "keypoints_y", "keypoints_x"]
        on_disk = {path.name for split in splits for path in (folder / split).iterdir()}
        assert {row[0] for row in rows[1:]} == on_disk
        assert len(rows) - 1 == len(on_disk)
        for name, y, x in rows[1:]:
            match = NAME.match(name)
            frame = int(name.split("_")[2])
            points = render_person(SPEC, int(match[1]), int(match[2]), frame // 25)[1]
            expected = np.where(points[:, 2:] > 0, np.rint(points[:, :2]), -1)
            np.testing.assert_array_equal(json.loads(x), expected[:, 0])
            np.testing.assert_array_equal(json.loads(y), expected[:, 1])


def test_the_same_spec_gives_the_same_bytes(folder, tmp_path):
    again = write_procedural_people(tmp_path / "a" / "b", SPEC, progress=False)
    assert digest(again) == digest(folder)
    other = write_procedural_people(tmp_path / "c", replace(SPEC, seed=1), progress=False)
    assert (
        digest(other)["market-annotation-train.csv"]
        != digest(folder)["market-annotation-train.csv"]
    )


def test_a_finished_folder_is_left_alone(folder, monkeypatch):
    def fail(*_):
        raise AssertionError("rendered again")

    monkeypatch.setattr(writer, "render_person", fail)
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    assert write_procedural_people(folder, SPEC, progress=False) == folder
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


def test_an_empty_folder_is_filled(tmp_path):
    (tmp_path / "x").mkdir()
    write_procedural_people(tmp_path / "x", SPEC, progress=False)
    assert (tmp_path / "x" / "spec.json").is_file()
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_other_content_is_refused_and_kept(folder, tmp_path):
    with pytest.raises(UserError, match="another spec"):
        write_procedural_people(folder, replace(SPEC, seed=5), progress=False)
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(UserError, match=re.escape(str(tmp_path)) + ".*choose another folder"):
        write_procedural_people(tmp_path, SPEC, progress=False)
    assert (tmp_path / "notes.txt").read_text() == "mine"
    with pytest.raises(UserError, match=r"notes\.txt"):
        write_procedural_people(tmp_path / "notes.txt", SPEC, progress=False)
    with pytest.raises(UserError, match=r"notes\.txt"):
        write_procedural_people(tmp_path / "notes.txt" / "people", SPEC, progress=False)


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_nothing_half_written_stays(tmp_path, monkeypatch, error):
    calls = []

    def break_down(*arguments):
        calls.append(arguments)
        if len(calls) == 20:
            # By now there are pictures on disk, but not under the final name.
            assert not (tmp_path / "x").exists()
            assert any(tmp_path.rglob("*.jpg"))
            raise error
        return render_person(*arguments)

    monkeypatch.setattr(writer, "render_person", break_down)
    with pytest.raises(error):
        write_procedural_people(tmp_path / "x", SPEC, progress=False)
    assert len(calls) == 20
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_another_process_finished_first_is_accepted(tmp_path, monkeypatch):
    first = write_procedural_people(tmp_path / "first", SPEC, progress=False)
    fill = writer._fill

    def lose_the_race(*arguments):
        fill(*arguments)
        first.rename(tmp_path / "x")

    monkeypatch.setattr(writer, "_fill", lose_the_race)
    assert write_procedural_people(tmp_path / "x", SPEC, progress=False) == tmp_path / "x"
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"num_train_ids": 0}, "num_train_ids"),
        ({"num_test_ids": -1}, "num_test_ids"),
        ({"num_cameras": 1}, "num_cameras"),
        ({"num_cameras": 10}, "num_cameras"),
        ({"images_per_camera": 1}, "images_per_camera"),
        ({"cameras_per_id": 1}, "cameras_per_id"),
        ({"num_cameras": 3}, "cameras_per_id"),
        ({"height": 8}, "height"),
        ({"width": 4000}, "width"),
        ({"seed": -1}, "seed"),
        ({"height": "128"}, "height"),
        ({"num_train_ids": True}, "num_train_ids"),
        ({"num_train_ids": 9000, "num_test_ids": 1000}, "9999"),
    ],
)
def test_impossible_values_are_named(values, named):
    with pytest.raises(UserError, match=named):
        ProceduralPeopleSpec(**values)


def test_smallest_values_are_possible():
    spec = ProceduralPeopleSpec(1, 1, 2, 2, 2, 32, 16)
    assert render_person(spec, 1, 2, 0)[0].shape == (32, 16, 3)


@pytest.mark.parametrize("where", [(0, 1, 0), (1, 0, 0), (1, 5, 0), (1, 1, -1)])
def test_pictures_that_do_not_exist_are_refused(where):
    with pytest.raises(UserError, match="no picture"):
        render_person(SPEC, *where)
