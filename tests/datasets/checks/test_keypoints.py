"""Coverage, coordinates and order of joints: each fault is named, alone."""

from dataclasses import replace

import numpy as np
import pytest

from posegan_plugin.datasets.checks import check_people
from posegan_plugin.datasets.checks.coordinates import joints_outside
from posegan_plugin.datasets.checks.inventory import PosedPeople
from posegan_plugin.pose import BODY25_JOINTS, COCO17_JOINTS, FLIP_ORDER, JOINTS, write_keypoint_csv

IMAGES = (16 + 6) * 3 * 2


def test_no_key_points(clean_root, inventory_of, faults):
    assert faults(inventory_of(clean_root, files=[])) == {"no key points": ("error", IMAGES)}
    assert faults(inventory_of(clean_root, files=[], needs_keypoints=False)) == {}


def test_key_points_of_other_images(clean, faults, root, inventory_of):
    other = {f"x{name}": pose for name, pose in clean.poses.items()}
    write_keypoint_csv(root / "other.csv", other)
    people = inventory_of(root, files=[root / "other.csv"])
    assert faults(people) == {"no key points": ("error", IMAGES)}
    assert "names" in check_people(people)[0].advice


def test_some_have_none_and_some_have_no_image(root, inventory_of, faults, clean):
    poses = dict(clean.poses)
    names = list(poses)
    for name in names[:3]:
        poses[f"other_{name}"] = poses.pop(name)
    poses["-1_c1s1_000001_00.jpg"] = poses[names[4]]  # junk is annotated but not listed
    write_keypoint_csv(root / "own.csv", poses)
    assert faults(inventory_of(root, files=[root / "own.csv"])) == {
        "images without key points": ("warning", 3),
        "key points without image": ("warning", 3),
    }


def test_broken_file(root, inventory_of, faults):
    path = root / "market-annotation-train.csv"
    path.write_text(path.read_text().replace("[", "[7, ", 1))
    people = inventory_of(root)
    assert faults(people) == {
        "broken key point files": ("error", 1),
        "nobody can be posed": ("error", 96),
        "images without key points": ("warning", 96),
    }
    assert check_people(people)[0].examples[0].startswith(f"{path}:2: ")


def test_one_name_for_two_pictures(root, inventory_of, faults):
    first, second, *_ = sorted((root / "bounding_box_train").iterdir())
    query = root / "query" / first.name
    query.write_bytes(second.read_bytes() + b"0")
    found = faults(inventory_of(root))
    assert found["key points of two images"] == ("error", 1)
    query.write_bytes(first.read_bytes())  # the same picture: its pose is right for both
    assert "key points of two images" not in faults(inventory_of(root))


def test_few_joints(with_poses, faults):
    def keep(joints, share):
        def change(keypoints):
            keypoints[: round(share * len(keypoints)), joints:] = 0
            return keypoints

        return with_poses(change)

    assert faults(keep(9, 0.19)) == {}
    assert faults(keep(9, 0.21)) == {"few joints": ("warning", round(0.21 * IMAGES))}
    assert faults(replace(keep(9, 0.21), min_joints=5)) == {}
    assert faults(keep(0, 0.05)) == {"no joint found": ("warning", round(0.05 * IMAGES))}
    assert faults(keep(9, 1))["nobody can be posed"] == ("error", 96)


def test_joints_outside(with_poses, faults):
    def change(keypoints):
        keypoints[:4, 10] = (40, 5, 1)  # images are 64x32
        keypoints[4, 10] = (31.5, 63.5, 1)  # the outer border
        return keypoints

    assert faults(with_poses(change)) == {"joints outside the image": ("warning", 4)}


def test_joints_outside_agrees_with_counting():
    keypoints = np.zeros((1, 18, 3), np.float32)
    keypoints[0, :6] = [(0, 0, 1), (31, 63, 1), (32, 0, 1), (0, 64, 1), (-1, 0, 1), (99, 99, 0)]
    posed = PosedPeople(["a"], keypoints, np.array([[64, 32]], np.float32))
    assert joints_outside(posed)[0].tolist() == [False, False, True, True, True] + [False] * 13


def scaled(factor):
    def change(keypoints):
        keypoints[..., :2] *= factor
        return keypoints

    return change


def test_key_points_of_another_image_size(with_poses, faults):
    larger = faults(with_poses(scaled(2)))
    assert list(larger) == ["joints outside the image"]
    assert larger["joints outside the image"][0] == "error"
    smaller = faults(with_poses(scaled(0.5)))
    assert smaller == {"key points of smaller images": ("warning", IMAGES)}


def test_x_and_y_swapped(with_poses, faults):
    found = faults(with_poses(lambda k: k[..., [1, 0, 2]]))
    assert list(found) == ["x and y swapped"]
    assert found["x and y swapped"][0] == "error"


def test_left_and_right_swapped(with_poses, faults):
    found = faults(with_poses(lambda k: k[:, FLIP_ORDER]))
    assert list(found) == ["left and right swapped"]
    both = faults(with_poses(lambda k: k[:, FLIP_ORDER][..., [1, 0, 2]]))
    assert list(both) == ["x and y swapped", "left and right swapped"]


def test_faces_seen_on_every_back_are_no_swap(with_poses, faults):
    """As estimators do that never report a joint missing."""

    def change(keypoints):
        for pose in keypoints:
            hidden = np.flatnonzero(pose[[0, 14, 15], 2] == 0)
            pose[np.array([0, 14, 15])[hidden]] = (*pose[1, :2] - (0, 5), 1)
            order = np.sign(pose[5, 0] - pose[2, 0])
            pose[14, 0], pose[15, 0] = pose[0, 0] - order, pose[0, 0] + order
        return keypoints

    assert faults(with_poses(change)) == {}


@pytest.mark.parametrize("part", ["hip", "eye", "ear"])
def test_one_pair_swapped(with_poses, faults, part):
    right, left = (JOINTS.index(f"{side}_{part}") for side in ("right", "left"))
    order = list(range(18))
    order[right], order[left] = left, right
    found = faults(with_poses(lambda k: k[:, order]))
    assert list(found) == [f"{part}s swapped against shoulders"]


@pytest.mark.parametrize("skeleton", [COCO17_JOINTS, BODY25_JOINTS[:18]], ids=["coco", "body25"])
def test_another_skeletons_order(with_poses, faults, skeleton):
    def change(keypoints):
        result = np.zeros_like(keypoints)
        for row, name in enumerate(skeleton):
            if name == "mid_hip":
                result[:, row] = (keypoints[:, 8] + keypoints[:, 11]) / 2
            else:
                result[:, row] = keypoints[:, JOINTS.index(name)]
        return result

    found = faults(with_poses(change))
    assert found["wrong joint order"][0] == "error"
    assert not any("swapped" in check for check in found)


def test_neck_elsewhere(with_poses, faults):
    order = list(range(18))
    order[1], order[0] = 0, 1
    assert list(faults(with_poses(lambda k: k[:, order]))) == ["wrong joint order"]


@pytest.mark.parametrize(
    ("number", "change"),
    [
        (12, lambda k: k[list(FLIP_ORDER)]),  # twenty who can be judged are needed
        (4, lambda k: k[:, [1, 0, 2]]),
        (4, lambda k: k * (0.5, 0.5, 1)),
    ],
)
def test_a_handful_of_people_proves_nothing(clean, faults, number, change):
    splits = clean.on_disk.splits
    few = splits.train[:number]
    splits = replace(splits, train=few, query=[], gallery=[])
    names = {p.path: clean.names[p.path] for p in few}
    people = replace(
        clean,
        on_disk=replace(clean.on_disk, splits=splits),
        images={path: clean.images[path] for path in names},
        names=names,
        poses={name: change(clean.poses[name]) for name in names.values()},
    )
    severities = {severity for severity, _ in faults(people).values()}
    assert severities <= {"warning"}
    assert not any("swapped" in check or "smaller" in check for check in faults(people))
