import numpy as np
import pytest

from posegan_plugin.pose.skeleton import JOINTS, LIMBS
from posegan_plugin.visualization.skeleton import draw_skeleton, pose_picture, skeleton_colours

GREY = np.full((128, 64, 3), 100, dtype=np.uint8)


def pose(**places):
    keypoints = np.zeros((18, 3), dtype=np.float32)
    for name, (x, y) in places.items():
        keypoints[JOINTS.index(name)] = [x, y, 1]
    return keypoints


def changed(picture, background=GREY):
    """Columns and rows of the pixels that are drawn on, as a set of (x, y)."""
    ys, xs = np.nonzero((picture != background).any(axis=2))
    return set(zip(xs.tolist(), ys.tolist(), strict=True))


def test_the_input_is_not_changed():
    image = GREY.copy()
    result = draw_skeleton(image, pose(nose=(20, 30)))
    assert result.shape == image.shape
    assert result.dtype == np.uint8
    np.testing.assert_array_equal(image, GREY)


def test_a_joint_is_drawn_where_it_is():
    pixels = changed(draw_skeleton(GREY, pose(left_ear=(20, 30))))
    assert (20, 30) in pixels
    assert all(abs(x - 20) <= 3 and abs(y - 30) <= 3 for x, y in pixels)


def test_a_limb_needs_both_joints():
    both = pose(right_knee=(30, 60), right_ankle=(30, 100))
    assert (30, 80) in changed(draw_skeleton(GREY, both))
    for missing in ("right_ankle", "right_knee"):
        one = both.copy()
        one[JOINTS.index(missing), 2] = 0
        assert len(changed(draw_skeleton(GREY, one))) < 40  # a joint and no line to anywhere


def test_thickness():
    both = pose(right_knee=(30, 60), right_ankle=(30, 100))
    thin = changed(draw_skeleton(GREY, both, thickness=1))
    assert len(thin) < len(changed(draw_skeleton(GREY, both, thickness=7)))
    assert (27, 80) in changed(draw_skeleton(GREY, both, thickness=7))


@pytest.mark.parametrize(
    "missing", [[20, 30, 0], [np.nan, 30, 1], [np.inf, 30, 1], [np.nan, np.nan, 0]]
)
def test_missing_joints_draw_nothing(missing):
    keypoints = np.tile(np.array(missing, dtype=np.float32), (18, 1))
    np.testing.assert_array_equal(draw_skeleton(GREY, keypoints), GREY)


def test_joints_far_outside_are_harmless():
    keypoints = pose(nose=(1e9, 5), neck=(-1e9, 5), left_hip=(30, 1e30))
    assert draw_skeleton(GREY, keypoints).shape == GREY.shape


@pytest.mark.parametrize(
    "part", ["shoulder", "elbow", "wrist", "hip", "knee", "ankle", "eye", "ear"]
)
def test_right_is_warm_and_left_is_cold(part):
    right = pose_picture(pose(**{f"right_{part}": (32, 64)}), (128, 64))[64, 32].astype(int)
    left = pose_picture(pose(**{f"left_{part}": (32, 64)}), (128, 64))[64, 32].astype(int)
    assert right[0] > right[2]
    assert left[2] > left[0]


def test_every_limb_shows():
    full = np.ones((18, 3), dtype=np.float32)
    full[:, :2] = np.random.default_rng(0).uniform(10, 240, (18, 2))
    picture = pose_picture(full, (256, 256))
    for start, end in LIMBS:
        x, y = (full[start, :2] + full[end, :2]) / 2
        assert picture[round(float(y)), round(float(x))].max() > 60


def test_pose_picture_is_black_but_for_the_pose():
    empty = pose_picture(np.zeros((18, 3)), (40, 20))
    assert empty.shape == (40, 20, 3)
    assert empty.max() == 0


def test_every_colour_of_a_skeleton_is_explained():
    places = {name: (5 + 10 * n, 40) for n, name in enumerate(JOINTS)}
    picture = draw_skeleton(np.zeros((80, 200, 3), np.uint8), pose(**places), thickness=4)
    drawn = {tuple(picture[40, x].tolist()) for x, _ in places.values()}
    assert drawn == set(skeleton_colours().values())
    at = picture[40, places["left_knee"][0]].tolist()
    assert tuple(at) == skeleton_colours()["left leg"]
