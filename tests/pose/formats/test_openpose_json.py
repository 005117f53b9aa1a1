import re

import numpy as np
import pytest

from posegan_plugin.errors import UserError
from posegan_plugin.pose.formats import read_openpose_json

BODY25 = [0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18]  # without 8, the mid hip


def person(numbers, key="pose_keypoints_2d"):
    return {"people": [{"person_id": [-1], key: numbers, "face_keypoints_2d": []}]}


@pytest.mark.parametrize("key", ["pose_keypoints_2d", "pose_keypoints"])
@pytest.mark.parametrize(("count", "numbers"), [(18, range(18)), (25, BODY25)])
def test_both_models_and_both_keys(write, joints, rows, tmp_path, count, numbers, key):
    write("0001_c1.v2_keypoints.json", {"version": 1.3, **person(joints(count), key)})
    found = read_openpose_json(tmp_path)
    assert list(found.poses) == ["0001_c1.v2"]
    assert not found.with_suffix
    rows(found.poses["0001_c1.v2"], numbers)


def test_a_folder_in_order_with_sub_folders(write, joints, tmp_path):
    for name in ("b_keypoints.json", "cam1/a_keypoints.json", ".old/a_keypoints.json", "a.json"):
        write(name, person(joints(18)))
    found = read_openpose_json(str(tmp_path))
    assert list(found.poses) == ["b", "cam1/a"]
    assert found.several == 0


def test_nobody(write, tmp_path):
    write("a_keypoints.json", {"people": []})
    found = read_openpose_json(tmp_path)
    assert not found.poses["a"].any()
    assert found.poses["a"].shape == (18, 3)


def test_missing_joints_and_scores_below_the_threshold(write, joints, tmp_path):
    numbers = joints(18)
    numbers[3:6] = 0.0, 0.0, 0.0
    numbers[6:9] = 20.0, 30.0, 0.25
    write("a_keypoints.json", person(numbers))
    assert (read_openpose_json(tmp_path).poses["a"][:, 2] > 0).sum() == 17
    pose = read_openpose_json(tmp_path, threshold=0.3).poses["a"]
    assert not pose[[1, 2]].any()
    assert (pose[:, 2] > 0).sum() == 16


def test_of_several_people_the_one_with_the_highest_sum(write, joints, rows, tmp_path):
    sure_but_half = joints(9, score=0.75) + [0.0] * 27  # 6.75
    whole = joints(18, score=0.5)  # 9
    people = [
        {"pose_keypoints_2d": p} for p in (sure_but_half, whole, joints(18, score=0.25, at=5))
    ]
    write("a_keypoints.json", {"people": people})
    # A person without any joint is nobody.
    write("b_keypoints.json", {"people": [{"pose_keypoints_2d": [0] * 54}, people[1]]})
    found = read_openpose_json(tmp_path)
    rows(found.poses["a"], range(18))
    rows(found.poses["b"], range(18))
    assert found.several == 1


BROKEN = {
    "a list": ([], "there is no 'people' here"),
    "no people": ({"version": 1.3}, "there is no 'people' here"),
    "people by name": ({"people": {}}, "'people' is not a list"),
    "no key points": ({"people": [{}]}, "people[0]: there is no 'pose_keypoints_2d' here"),
    "a person in numbers": ({"people": [[1, 2, 3]]}, "people[0]: there is no 'pose_keypoints_2d'"),
    "MPI": (person([1.0] * 45), "people[0]: pose_keypoints_2d has 15 joints"),
    "empty": (person([]), "pose_keypoints_2d has 0 joints"),
    "not threes": (person([1.0] * 53), "pose_keypoints_2d has 53 numbers, not three"),
    "nested": (person([[1.0, 2.0, 3.0]] * 18), "pose_keypoints_2d is not a list of numbers"),
    "text": (person(["1"] * 54), "pose_keypoints_2d is not a list of numbers"),
    "true": (person([True] * 54), "pose_keypoints_2d is not a list of numbers"),
    "null": (person(None), "pose_keypoints_2d is not a list of numbers"),
    "NaN": (person([float("nan")] * 54), "pose_keypoints_2d has a number that is not finite"),
    "infinite": (person([float("inf")] * 54), "pose_keypoints_2d has a number that is not finite"),
    "beyond float32": (person([1e39] * 54), "pose_keypoints_2d has a number that is not finite"),
    "huge": (person([10**400] * 54), "pose_keypoints_2d has a number that is not finite"),
    "fractions": (person([0.5, 0.25, 0.9] * 18), "fractions of the image"),
}


@pytest.mark.parametrize(("content", "what"), BROKEN.values(), ids=BROKEN.keys())
def test_broken_files(write, joints, tmp_path, content, what):
    write("a_keypoints.json", person(joints(18)))
    path = write("cam/b_keypoints.json", content)
    with pytest.raises(UserError, match=re.escape(what)) as error:
        read_openpose_json(tmp_path)
    assert str(error.value).startswith(f"{path}: ")


@pytest.mark.parametrize(
    "text", [b"", b"{", b"\xff\xfe\x00", b"[" * 100_000, b'{"a": ' + b"1" * 5000]
)
def test_what_is_no_json(tmp_path, text):
    (tmp_path / "a_keypoints.json").write_bytes(text)
    with pytest.raises(UserError, match=r"a_keypoints\.json: is not valid JSON"):
        read_openpose_json(tmp_path)


def test_no_file(tmp_path):
    with pytest.raises(UserError, match=r"holds no file named \*_keypoints\.json"):
        read_openpose_json(tmp_path)
    with pytest.raises(UserError, match="nowhere cannot be read"):
        read_openpose_json(tmp_path / "nowhere")
    (tmp_path / "a_keypoints.json").mkdir()
    with pytest.raises(UserError, match="holds no file"):
        read_openpose_json(tmp_path)


def test_two_joints_near_the_corner_are_no_fractions(write, tmp_path):
    write("a_keypoints.json", person([0.5, 0.5, 0.9] * 2 + [0.0] * 48))
    assert np.count_nonzero(read_openpose_json(tmp_path).poses["a"][:, 2]) == 2
