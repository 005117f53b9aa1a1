from pathlib import Path

import pytest

from posegan_plugin.datasets import ReIDSplits, read_market_layout
from posegan_plugin.errors import UserError

FOLDERS = ("bounding_box_train", "query", "bounding_box_test")


def make(root, train=(), query=(), gallery=()):
    for folder, names in zip(FOLDERS, (train, query, gallery), strict=True):
        (root / folder).mkdir(parents=True)
        for name in names:
            (root / folder / name).touch()  # only names are read
    return root


@pytest.fixture
def root(tmp_path):
    return make(
        tmp_path,
        ["0007_c2s1_000001_01.jpg", "0002_c1s1_000451_03.jpg", "0007_c1s3_9.png", "-1_c1s1_0.jpg"],
        ["0003_c6s1_1.JPEG"],
        ["0000_c1s1_1.jpg", "0003_c1s1_1.jpg", "-1_c3s1_1.jpg", "Thumbs.db", "readme.txt"],
    )


def test_lists_sorted_by_name_with_labels_and_cameras_from_0(root):
    splits = read_market_layout(root, "mine")
    assert isinstance(splits, ReIDSplits)
    assert splits.name == "mine"
    found = [(Path(p.path).name, p.pid, p.camid) for p in splits.train]
    assert found == [
        ("0002_c1s1_000451_03.jpg", 0, 0),
        ("0007_c1s3_9.png", 1, 0),
        ("0007_c2s1_000001_01.jpg", 1, 1),
    ]
    assert splits.train[0].path == str(root / "bounding_box_train" / "0002_c1s1_000451_03.jpg")


def test_test_people_keep_their_numbers_and_distractors_stay(root):
    splits = read_market_layout(str(root))
    assert [(p.pid, p.camid) for p in splits.query] == [(3, 5)]
    assert [(p.pid, p.camid) for p in splits.gallery] == [(0, 0), (3, 0)]


def test_numbers_of_identities_and_cameras(root):
    splits = read_market_layout(root)
    assert splits.num_identities == 2
    assert splits.num_cameras == 6  # the query's camera 6 counts


def test_key_point_files_beside_the_folders(root):
    for name in ("market-annotation-test.csv", "a-annotation-train.csv", "other.csv"):
        (root / name).touch()
    names = [path.name for path in read_market_layout(root).keypoints]
    assert names == ["a-annotation-train.csv", "market-annotation-test.csv"]


@pytest.mark.parametrize("folder", FOLDERS)
def test_missing_folder_is_named(root, folder):
    (root / folder).rename(root / "elsewhere")
    with pytest.raises(UserError) as error:
        read_market_layout(root)
    assert str(error.value).startswith(str(root / folder))
    assert "data_root" in str(error.value)


def test_missing_root(tmp_path):
    with pytest.raises(UserError, match=r"nowhere.*is not a folder"):
        read_market_layout(tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("names", [[], ["notes.txt"]])
def test_folder_without_images_is_named(tmp_path, names):
    make(tmp_path, ["0001_c1s1_1.jpg"], names, ["0001_c1s1_1.jpg"])
    with pytest.raises(UserError) as error:
        read_market_layout(tmp_path)
    assert str(error.value).startswith(f"{tmp_path / 'query'} holds no")


@pytest.mark.parametrize("name", ["person.jpg", "c1_0001.jpg", "0001c1.jpg", "._0001_c1.jpg"])
def test_name_that_cannot_be_read(tmp_path, name):
    make(tmp_path, ["0001_c1s1_1.jpg", name], ["0001_c1s1_1.jpg"], ["0001_c1s1_1.jpg"])
    with pytest.raises(UserError) as error:
        read_market_layout(tmp_path)
    message = str(error.value)
    assert message.startswith(str(tmp_path / "bounding_box_train" / name))
    assert "PID_cCAMERA" in message


def test_cameras_are_numbered_from_1(tmp_path):
    make(tmp_path, ["0001_c0s1_1.jpg"], ["0001_c1s1_1.jpg"], ["0001_c1s1_1.jpg"])
    with pytest.raises(UserError, match=r"0001_c0s1_1\.jpg: cameras are numbered from 1, not 0"):
        read_market_layout(tmp_path)


def test_long_numbers(tmp_path):
    make(tmp_path, ["12345_c15_1.jpg"], ["99999_c2_1.jpg"], ["99999_c1_1.jpg"])
    splits = read_market_layout(tmp_path)
    assert (splits.train[0].pid, splits.train[0].camid) == (0, 14)
    assert splits.query[0].pid == 99999
