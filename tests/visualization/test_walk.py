import numpy as np

from posegan_plugin.visualization.walk import walk_between, walk_order


def poses(*xs):
    """Poses with all joints at one place (x, 2x)."""
    result = np.ones((len(xs), 18, 3), dtype=np.float32)
    result[..., 0] = np.array(xs)[:, None]
    result[..., 1] = 2 * np.array(xs)[:, None]
    return result


def test_each_is_followed_by_the_nearest():
    assert walk_order(poses(9, 1, 5, 3), poses(0)[0]) == [1, 3, 2, 0]
    assert walk_order(poses(9, 1, 5, 3), poses(6)[0]) == [2, 3, 1, 0]


def test_only_joints_that_both_have_count():
    candidates = poses(1, 2)
    candidates[0, 4] = [1000, 1000, 0]
    assert walk_order(candidates, poses(0)[0]) == [0, 1]


def test_poses_with_nothing_in_common_come_last():
    candidates = poses(5, 1)
    candidates[1, :, 2] = 0
    assert walk_order(candidates, poses(0)[0]) == [0, 1]
    assert walk_order(poses(), poses(0)[0]) == []


def test_even_steps_and_back_to_the_first():
    walk = walk_between(poses(0, 4), 4)
    assert walk.shape == (8, 18, 3)
    assert walk.dtype == np.float32
    assert walk[:, 7, 0].tolist() == [0, 1, 2, 3, 4, 3, 2, 1]
    assert walk[:, 7, 1].tolist() == [0, 2, 4, 6, 8, 6, 4, 2]
    assert (walk[..., 2] == 1).all()


def test_one_step_gives_the_poses():
    np.testing.assert_array_equal(walk_between(poses(3, 1, 2), 1), poses(3, 1, 2))


def test_one_pose_stands_still():
    np.testing.assert_array_equal(walk_between(poses(3), 2), poses(3, 3))


def test_a_joint_that_one_lacks_is_missing_between():
    given = poses(0, 4)
    given[1, 5] = [np.nan, np.nan, 0]
    walk = walk_between(given, 2)
    assert (walk[:, 5, 2] > 0).tolist() == [True, False, False, False]
    assert (walk[:, 6, 2] > 0).all()
