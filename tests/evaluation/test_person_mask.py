import math

import numpy as np
import pytest
import torch

from posegan_plugin.evaluation.person_mask import person_mask
from posegan_plugin.pose.skeleton import JOINTS

# Standing, at 128x64.
STANDING = {
    "nose": (32, 16),
    "neck": (32, 28),
    "right_shoulder": (22, 29),
    "right_elbow": (18, 45),
    "right_wrist": (17, 60),
    "left_shoulder": (42, 29),
    "left_elbow": (46, 45),
    "left_wrist": (47, 60),
    "right_hip": (26, 62),
    "right_knee": (25, 88),
    "right_ankle": (24, 114),
    "left_hip": (38, 62),
    "left_knee": (39, 88),
    "left_ankle": (40, 114),
    "right_eye": (30, 14),
    "left_eye": (34, 14),
    "right_ear": (27, 15),
    "left_ear": (37, 15),
}


def pose(**joints):
    keypoints = torch.zeros(1, 18, 3)
    for name, place in joints.items():
        keypoints[0, JOINTS.index(name)] = torch.tensor([*place, 1.0])
    return keypoints


def naive(keypoints, size, lines):
    """Lines as rows of dots: all pixels near a dot, and the same after scipy's closing."""
    ndimage = pytest.importorskip("scipy.ndimage")
    place = {name: keypoints[0, i, :2].numpy() for i, name in enumerate(JOINTS)}
    share = np.linspace(0, 1, 400)[:, None]
    dots = np.concatenate([place[a] + (place[b] - place[a]) * share for a, b in lines])
    pixels = np.stack(np.meshgrid(np.arange(size[1]), np.arange(size[0])), axis=-1)
    distance = np.linalg.norm(pixels[:, :, None] - dots, axis=-1).min(axis=-1)
    mask = distance <= size[0] / 32
    square = np.ones((2 * round(size[0] / 64) + 1,) * 2)
    dilated = ndimage.binary_dilation(mask, square)
    return mask, ndimage.binary_erosion(dilated, square, border_value=True)


def test_arm_pixel_by_pixel():
    arm = pose(right_shoulder=(24.3, 9.0), right_elbow=(28.0, 29.6), right_wrist=(14.2, 12.7))
    lines = [("right_shoulder", "right_elbow"), ("right_elbow", "right_wrist")]
    mask, closed = naive(arm, (64, 32), lines)
    found = person_mask(arm, (64, 32))
    assert found.shape == (1, 64, 32)
    assert found.dtype == torch.bool
    assert (found[0].numpy() != closed).sum() <= 2  # the naive line is dots
    assert 0.05 < mask.mean() < closed.mean() < 0.25  # the crook of the arm is filled


def test_a_single_joint_is_a_disc():
    found = person_mask(pose(nose=(20.0, 40.0)), (128, 64))[0]
    y, x = torch.meshgrid(torch.arange(128), torch.arange(64), indexing="ij")
    disc = (x - 20) ** 2 + (y - 40) ** 2 <= 4**2
    assert (found | disc).equal(found)
    assert found.sum() <= disc.sum() + 8  # what the closing adds at its corners


def test_standing_person():
    found = person_mask(pose(**STANDING), (128, 64))[0]
    assert 0.2 < found.float().mean() < 0.4
    assert found[45, 24:40].all()  # the trunk from side to side
    assert not found[100, 32]  # between the legs
    assert not found[:8].any()
    assert not found[122:].any()
    assert found.equal(found.flip(1).roll(1, dims=1))  # joints are symmetric about x = 32


def test_scales_with_the_image():
    keypoints = pose(**STANDING)
    twice = keypoints.clone()
    twice[..., :2] = 2 * twice[..., :2] + 0.5  # pixel centres
    small, large = person_mask(keypoints, (128, 64)), person_mask(twice, (256, 128))
    assert (large[:, ::2, ::2] != small).float().mean() < 0.02


def test_limbs_need_both_ends_and_a_place():
    neck = pose(neck=(32.0, 28.0))
    without_hip = pose(neck=(32.0, 28.0), right_hip=(26.0, 62.0))
    without_hip[0, JOINTS.index("right_hip"), 2] = 0
    assert person_mask(without_hip, (128, 64)).equal(person_mask(neck, (128, 64)))
    without_hip[0, JOINTS.index("right_hip")] = torch.tensor([math.nan, math.inf, 1.0])
    assert person_mask(without_hip, (128, 64)).equal(person_mask(neck, (128, 64)))


def test_people_without_joints_have_no_mask_and_touch_nobody():
    people = torch.cat((torch.zeros(1, 18, 3), pose(**STANDING)))
    masks = person_mask(people, (128, 64))
    assert not masks[0].any()
    assert masks[1].equal(person_mask(people[1:], (128, 64))[0])
    assert person_mask(people[:0], (128, 64)).shape == (0, 128, 64)


def test_joints_outside_the_image():
    masks = person_mask(pose(nose=(-40.0, 20.0), neck=(40.0, 20.0)), (128, 64))[0]
    assert masks[20, :40].all()  # the line enters the image
    assert not person_mask(pose(nose=(-40.0, 20.0)), (128, 64)).any()
