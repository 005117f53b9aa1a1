"""Sources beside those of torchreid and the procedural people (see test_dataset.py)."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from posegan_plugin.datasets import write_person_list
from posegan_plugin.errors import UserError
from posegan_plugin.for_mmengine import ReIDDataset
from posegan_plugin.for_mmengine.load_people import (
    find_keypoint_files,
    find_people,
    load_keypoints,
    load_people,
)
from posegan_plugin.pose import read_keypoint_csv, write_keypoint_csv

LAYOUT = {"name": "market_layout", "folder": "procedural_people"}


@pytest.fixture
def data(tiny, tmp_path):
    """A copy that may be changed."""
    return shutil.copytree(tiny.data_root, tmp_path / "data")


def test_image_folder(tiny):
    source = {"name": "image_folder", "folder": "procedural_people/bounding_box_train"}
    splits = load_people(source, tiny.data_root)
    assert splits.train == load_people(LAYOUT, tiny.data_root).train
    assert splits.query == splits.gallery == []
    with pytest.raises(UserError, match="no query and gallery"):
        ReIDDataset(source, "test", tiny.data_root)
    files = ["procedural_people/market-annotation-train.csv"]
    people = ReIDDataset(source, "train", tiny.data_root, files, image_size=(32, 16))
    assert (people.joint_counts > 0).all()


def test_person_list(tiny, tmp_path):
    splits = load_people(LAYOUT, tiny.data_root)
    write_person_list(tmp_path / "people.csv", splits)
    found = load_people("person_list", tmp_path)
    assert (found.train, found.query, found.gallery) == (splits.train, splits.query, splits.gallery)
    (tmp_path / "people.csv").rename(tmp_path / "mine.csv")
    source = {"name": "person_list", "file": "mine.csv"}
    assert load_people(source, tmp_path).train == splits.train
    people = ReIDDataset(
        source, "test", tmp_path, [str(k) for k in splits.keypoints], image_size=(32, 16)
    )
    assert (people.num_query, len(people)) == (12, 24)


@pytest.mark.parametrize("name", ["market_layout", "image_folder", "person_list"])
def test_options_that_nobody_reads(name, tmp_path):
    with pytest.raises(UserError, match=f"{name} has no option 'path'"):
        load_people({"name": name, "path": "x"}, tmp_path)


def test_people_as_they_are_numbered_on_disk(tiny):
    on_disk = find_people(LAYOUT, tiny.data_root)
    assert {p.pid for p in on_disk.splits.train} == set(range(1, 13))
    assert on_disk.same_numbers
    assert on_disk.wrong == []


def test_wrong_names_are_found_where_loading_refuses_them(data):
    folder = data / "procedural_people" / "query"
    (folder / "x.jpg").touch()
    with pytest.raises(UserError, match=r"x\.jpg"):
        load_people(LAYOUT, data)
    assert [Path(w.path).name for w in find_people(LAYOUT, data).wrong] == ["x.jpg"]


@pytest.mark.parametrize("inner", ["", "Market-1501-v15.09.15"])
def test_market1501_is_read_as_a_folder(data, inner):
    (data / "market1501").mkdir()
    shutil.move(data / "procedural_people", data / "market1501" / inner)
    if not inner:
        (data / "market1501" / "procedural_people").rename(data / "market")
        (data / "market1501").rmdir()
        (data / "market").rename(data / "market1501")
    on_disk = find_people("market1501", data)
    assert on_disk.splits.name == "market1501"
    assert {p.pid for p in on_disk.splits.train} == set(range(1, 13))


def test_key_points_beside_the_images_of_a_torchreid_data_set(data):
    folder = data / "market1501" / "Market-1501-v15.09.15"
    folder.parent.mkdir()
    (data / "procedural_people").rename(folder)
    splits = load_people("market1501", data)
    names = [f"market-annotation-{part}.csv" for part in ("test", "train")]
    assert find_keypoint_files(None, splits, data) == [folder / n for n in names]
    assert len(load_keypoints(None, splits, data)) == 96


def test_a_test_images_pose_never_reaches_a_training_image(data):
    root = data / "procedural_people"
    train, query = (next((root / f).iterdir()) for f in ("bounding_box_train", "query"))
    query.rename(query.with_name(train.name))
    splits = load_people(LAYOUT, data)
    with pytest.raises(UserError, match=f"the key points of {train.name} could belong to"):
        load_keypoints(None, splits, data)
    files = {p: read_keypoint_csv(p) for p in splits.keypoints}
    for path, poses in files.items():
        if train.name in poses:
            poses[f"bounding_box_train/{train.name}"] = poses.pop(train.name)
        write_keypoint_csv(path, poses)
    found = load_keypoints(None, splits, data)
    assert np.array_equal(
        found[f"bounding_box_train/{train.name}"],
        files[root / "market-annotation-train.csv"][f"bounding_box_train/{train.name}"],
    )
