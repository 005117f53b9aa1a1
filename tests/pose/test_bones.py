import math

import pytest
import torch

from posegan_plugin.pose import FLIP_ORDER, JOINTS
from posegan_plugin.pose.bones import (
    BONES,
    OTHER_SIDE,
    body_size,
    known_joints,
    place_bones,
    take,
)

NUMBER = {name: n for n, name in enumerate(JOINTS)}
BONE = {(bone.start, bone.end): n for n, bone in enumerate(BONES)}


def pose(**joints):
    """One person (1, 18, 3) with these joints: name=(x, y)."""
    made = torch.zeros(1, 18, 3)
    for name, place in joints.items():
        made[0, NUMBER[name]] = torch.tensor([*place, 1.0])
    return made


def test_a_bone_is_known_where_both_ends_are():
    found = place_bones(pose(left_knee=(3, 40), left_ankle=(5, 60), left_elbow=(1, 2)))
    number = BONE["left_knee", "left_ankle"]
    assert found.known[0].nonzero().flatten().tolist() == [number]
    assert found.start[0, number].tolist() == [3, 40]
    assert found.end[0, number].tolist() == [5, 60]


@pytest.mark.parametrize(
    ("hips", "middle"),
    [
        ({"right_hip": (10, 50), "left_hip": (20, 54)}, [15, 52]),
        ({"left_hip": (20, 54)}, [20, 54]),
    ],
)
def test_the_torso_ends_between_the_hips_that_are_known(hips, middle):
    found = place_bones(pose(neck=(15, 20), **hips))
    assert found.known[0, 0]
    assert found.start[0, 0].tolist() == [15, 20]
    assert found.end[0, 0].tolist() == middle


def test_the_head_is_the_middle_of_what_is_seen_of_it():
    # From behind there are ears and no nose.
    found = place_bones(pose(neck=(15, 20), right_ear=(18, 8), left_ear=(12, 10)))
    assert found.known[0].tolist() == [False, True] + [False] * 8
    assert found.end[0, 1].tolist() == [15, 9]


def test_twins_are_the_bones_of_a_mirrored_skeleton():
    mirrored = {NUMBER[name]: FLIP_ORDER[NUMBER[name]] for name in JOINTS}
    for bone, twin in zip(BONES[2:], OTHER_SIDE[2:], strict=True):
        ends = [mirrored[NUMBER[name]] for name in (bone.start, bone.end)]
        assert [NUMBER[BONES[twin].start], NUMBER[BONES[twin].end]] == ends
        assert BONES[twin].reach == bone.reach
    assert OTHER_SIDE[:2] == (0, 1)


def test_places_of_missing_joints_do_not_matter():
    there = pose(neck=(15, 20), left_hip=(20, 54))
    expected = place_bones(there)
    there[0, NUMBER["right_hip"], :2] = math.nan
    there[0, NUMBER["nose"]] = torch.tensor([math.nan, 3.0, 1.0])
    found = place_bones(there)
    assert torch.equal(found.known, expected.known)
    assert torch.equal(found.end[0, 0], expected.end[0, 0])
    assert not known_joints(there)[0, NUMBER["nose"]]


def test_body_size_is_the_spread_of_the_joints_that_count():
    person = pose(neck=(0, 0), nose=(6, 0), left_hip=(0, 8), right_hip=(6, 8), left_ear=(90, 90))
    joints = known_joints(person)
    joints[0, NUMBER["left_ear"]] = False
    # Corners of a rectangle of 6 x 8 are 5 away from its middle.
    assert body_size(person, joints).tolist() == [5.0]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_body_size_of_nobody_is_a_pixel(dtype):
    nobody = torch.full((2, 18, 3), math.nan, dtype=dtype)
    assert torch.equal(
        body_size(nobody, torch.zeros(2, 18, dtype=bool)), torch.ones(2, dtype=dtype)
    )


def test_no_people():
    found = place_bones(torch.zeros(0, 18, 3))
    assert found.start.shape == found.end.shape == (0, len(BONES), 2)
    assert found.known.shape == (0, len(BONES))


def test_take_is_indexing():
    values = torch.arange(24).view(2, 4, 3)
    assert torch.equal(take(values, [3, 0, 3]), values[:, [3, 0, 3]])
