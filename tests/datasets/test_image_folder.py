from pathlib import Path

import pytest

from posegan_plugin.datasets import read_image_folder
from posegan_plugin.datasets.image_folder import find_image_folder
from posegan_plugin.errors import UserError


@pytest.fixture
def folder(tmp_path):
    names = [
        "b/0007_c2_1.jpg",
        "0002_c1s1_1.png",
        "a/deep/0007_c1_2.JPEG",
        "-1_c1_3.jpg",
        "note.txt",
    ]
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()  # only names are read
    (tmp_path / "folder.jpg").mkdir()
    return tmp_path


def test_everybody_is_a_training_person(folder):
    splits = read_image_folder(folder, "mine")
    assert [tuple(p) for p in splits.train] == [
        (str(folder / "0002_c1s1_1.png"), 0, 0),
        (str(folder / "a/deep/0007_c1_2.JPEG"), 1, 0),
        (str(folder / "b/0007_c2_1.jpg"), 1, 1),
    ]
    assert (splits.name, splits.query, splits.gallery) == ("mine", [], [])
    assert (splits.num_identities, splits.num_cameras) == (2, 2)


def test_key_points_beside(folder):
    for name in ("own-annotation.csv", "a/annotation.csv", "other.csv"):
        (folder / name).touch()
    assert read_image_folder(str(folder)).keypoints == [folder / "own-annotation.csv"]


def test_wrong_names(folder):
    for name in ("b/person.jpg", "0001_c0_1.jpg"):
        (folder / name).touch()
    with pytest.raises(UserError) as error:
        read_image_folder(folder)
    assert str(error.value).startswith(f"{folder / '0001_c0_1.jpg'}: cameras are numbered from 1")
    assert "2 such files" in str(error.value)
    on_disk = find_image_folder(folder)
    assert [Path(w.path).name for w in on_disk.wrong] == ["0001_c0_1.jpg", "person.jpg"]
    assert [p.pid for p in on_disk.splits.train] == [2, 7, 7]  # as they are numbered on disk


def test_one_wrong_name(tmp_path):
    (tmp_path / "x.jpg").touch()
    with pytest.raises(UserError, match=r"x\.jpg: the name does not start with PID_cCAMERA.*file$"):
        read_image_folder(tmp_path)


def test_missing_or_empty(tmp_path):
    with pytest.raises(UserError, match=r"nowhere is not a folder"):
        read_image_folder(tmp_path / "nowhere")
    (tmp_path / "-1_c1.jpg").touch()
    with pytest.raises(UserError, match=r"holds no \.jpg or \.png image of a person"):
        read_image_folder(tmp_path)
