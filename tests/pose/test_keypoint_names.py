import numpy as np
import pytest

from posegan_plugin.datasets import Person, PersonDataset
from posegan_plugin.errors import UserError
from posegan_plugin.pose.keypoint_names import find_keypoints, keypoint_names, match_keypoints


def make(root, **files):
    """Files of the given content; their paths."""
    paths = []
    for name, content in files.items():
        path = root / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        paths.append(str(path))
    return paths


def test_longest_match_wins():
    paths = ["/d/a/b/x.jpg", "/d/b/x.jpg", "/d/x.jpg", "/d/y.jpg", "z.jpg"]
    names = ["a/b/x.jpg", "b/x.jpg", "x.jpg", "/d/y.jpg", "y.jpg", "jpg", "/z.jpg"]
    assert match_keypoints(paths, names) == {
        "/d/a/b/x.jpg": "a/b/x.jpg",
        "/d/b/x.jpg": "b/x.jpg",
        "/d/x.jpg": "x.jpg",
        "/d/y.jpg": "/d/y.jpg",
    }


def test_only_whole_parts_count():
    assert match_keypoints(["/d/aa/x.jpg"], ["a/x.jpg", "d/x.jpg"]) == {}


def test_one_name_for_two_pictures(tmp_path):
    first, second, third = make(tmp_path, a__x_jpg="1", b__x_jpg="2", b__y_jpg="3")
    with pytest.raises(UserError) as error:
        match_keypoints([second, first, third], ["x.jpg", "y.jpg"])
    message = str(error.value)
    assert message.startswith(f"the key points of x.jpg could belong to {first} and {second}")
    assert "(a/...)" in message
    found, shared = find_keypoints([second, first, third], ["x.jpg", "y.jpg"])
    assert found == {third: "y.jpg"}
    assert shared == {"x.jpg": [first, second]}
    assert match_keypoints([first, second], ["a/x.jpg", "x.jpg"]) == {
        first: "a/x.jpg",
        second: "x.jpg",
    }


def test_the_same_picture_twice_has_one_pose(tmp_path):
    paths = make(tmp_path, a__x_jpg="1", b__x_jpg="1")
    assert match_keypoints(paths, ["x.jpg"]) == dict.fromkeys(paths, "x.jpg")
    assert match_keypoints([paths[0], paths[0]], ["x.jpg"]) == {paths[0]: "x.jpg"}


def test_names_without_suffix(tmp_path):
    paths = make(tmp_path, a__x_jpg="1", b__x_png="2", b__y_v1_jpg="3")
    found = match_keypoints(paths, ["a/x", "x", "y.v1", "y"], with_suffix=False)
    assert found == dict(zip(paths, ["a/x", "x", "y.v1"], strict=True))
    beside = make(tmp_path, b__x_jpg="4")
    with pytest.raises(UserError, match=r"x could belong to .*: rename one of them"):
        match_keypoints([paths[1], *beside], ["x"], with_suffix=False)


def test_missing_files_are_not_taken_for_the_same(tmp_path):
    with pytest.raises(UserError, match=r"the key points of x\.jpg"):
        match_keypoints([str(tmp_path / "a/x.jpg"), str(tmp_path / "b/x.jpg")], ["x.jpg"])


def test_names_to_write(tmp_path):
    paths = [tmp_path / p for p in ("a/x.jpg", "b/x.jpg", "b/y.jpg", "x.jpg", "b/c/z.jpg")]
    names = keypoint_names(paths, tmp_path)
    assert names == ["a/x.jpg", "b/x.jpg", "y.jpg", "x.jpg", "z.jpg"]
    assert match_keypoints(map(str, paths), names) == dict(zip(map(str, paths), names, strict=True))


def test_a_data_set_never_gives_a_pose_to_two_pictures(tmp_path):
    from PIL import Image

    people = []
    for level, folder in enumerate("ab"):
        (tmp_path / folder).mkdir()
        Image.new("RGB", (4, 8), (level,) * 3).save(tmp_path / folder / "x.png")
        people.append(Person(str(tmp_path / folder / "x.png"), level, 0))
    pose = np.ones((18, 3), np.float32)
    with pytest.raises(UserError, match=r"x\.png could belong to"):
        PersonDataset(people, {"x.png": pose}, (8, 4))
    dataset = PersonDataset(people, {"b/x.png": pose}, (8, 4))
    assert dataset.joint_counts.tolist() == [0, 18]
