import numpy as np
import pytest

from posegan_plugin.errors import UserError
from posegan_plugin.pose.skeleton import (
    BODY25_JOINTS,
    COCO17_JOINTS,
    FLIP_ORDER,
    JOINTS,
    LIMBS,
    NUM_JOINTS,
    to_openpose18,
)


def numbered(joints, score=0.5):
    """Joint k lies at (k, 100 + k)."""
    k = np.arange(len(joints), dtype=np.float32)
    return np.stack([k, 100 + k, np.full_like(k, score)], axis=1)


def test_sizes():
    assert NUM_JOINTS == len(set(JOINTS)) == 18
    assert len(set(COCO17_JOINTS)) == 17
    assert len(set(BODY25_JOINTS)) == 25


def test_flip_order_by_hand():
    assert FLIP_ORDER == (0, 1, 5, 6, 7, 2, 3, 4, 11, 12, 13, 8, 9, 10, 15, 14, 17, 16)


def test_limbs_are_a_tree_over_all_joints():
    assert len(LIMBS) == 17
    reached = {1}
    for start, end in LIMBS:
        assert start in reached
        reached.add(end)
    assert reached == set(range(18))


def test_coco_by_hand():
    result = to_openpose18(numbered(COCO17_JOINTS), COCO17_JOINTS)
    # The order that other projects use for COCO-17 with the neck appended as number 17.
    expected = [0, 5.5, 6, 8, 10, 5, 7, 9, 12, 14, 16, 11, 13, 15, 2, 1, 4, 3]
    assert result.dtype == np.float32
    np.testing.assert_array_equal(result[:, 0], expected)
    np.testing.assert_array_equal(result[:, 1], np.array(expected) + 100)
    np.testing.assert_array_equal(result[:, 2], np.full(18, 0.5))


def test_body25_by_hand_keeps_its_own_neck():
    result = to_openpose18(numbered(BODY25_JOINTS), BODY25_JOINTS)
    expected = [0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18]
    np.testing.assert_array_equal(result[:, 0], expected)


def test_openpose18_is_left_alone():
    np.testing.assert_array_equal(to_openpose18(numbered(JOINTS), JOINTS), numbered(JOINTS))


@pytest.mark.parametrize(("left", "right", "neck"), [(0.9, 0.4, 0.4), (0.3, 0.8, 0.3)])
def test_neck_has_the_smaller_score(left, right, neck):
    keypoints = numbered(COCO17_JOINTS)
    keypoints[5, 2], keypoints[6, 2] = left, right
    np.testing.assert_allclose(to_openpose18(keypoints, COCO17_JOINTS)[1], [5.5, 105.5, neck])


@pytest.mark.parametrize("shoulder", [5, 6])
def test_neck_is_missing_without_a_shoulder(shoulder):
    keypoints = numbered(COCO17_JOINTS)
    keypoints[shoulder] = [np.nan, np.nan, 0]
    result = to_openpose18(keypoints, COCO17_JOINTS)
    np.testing.assert_array_equal(result[1], [0, 0, 0])
    assert (result[:, 2] > 0).sum() == 16
    assert np.isfinite(result).all()


def test_any_leading_shape():
    keypoints = np.random.default_rng(0).uniform(0.1, 1, (2, 3, 17, 3))
    result = to_openpose18(keypoints, COCO17_JOINTS)
    assert result.shape == (2, 3, 18, 3)
    np.testing.assert_array_equal(result[1, 2], to_openpose18(keypoints[1, 2], COCO17_JOINTS))
    assert to_openpose18(np.zeros((0, 17, 3)), COCO17_JOINTS).shape == (0, 18, 3)


@pytest.mark.parametrize("shape", [(18, 3), (17, 2), (3,), (17,)])
def test_wrong_shape(shape):
    with pytest.raises(UserError, match="17 joints"):
        to_openpose18(np.zeros(shape), COCO17_JOINTS)


def test_lacking_and_double_names():
    with pytest.raises(UserError, match="left_ankle"):
        to_openpose18(np.zeros((16, 3)), [n for n in COCO17_JOINTS if n != "left_ankle"])
    with pytest.raises(UserError, match="twice"):
        to_openpose18(np.zeros((18, 3)), [*COCO17_JOINTS, "nose"])
