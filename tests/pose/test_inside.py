import numpy as np

from posegan_plugin.pose.inside import keep_inside


def test_joints_outside_are_missing_and_borders_stay_inside():
    pose = np.zeros((18, 3), dtype=np.float32)
    pose[:8] = [
        (3, 4, 0.5),
        (-0.5, -0.4, 0.5),  # on the outer half of the first pixel
        (9.5, 19.5, 0.5),  # and of the last
        (9.6, 4, 0.5),
        (3, 19.6, 0.5),
        (-0.6, 4, 0.5),
        (3, -7, 0.5),
        (50, 50, 0),
    ]
    before = pose.copy()
    inside = keep_inside(pose, (20, 10))
    assert inside[:3].tolist() == [[3, 4, 0.5], [0, 0, 0.5], [9, 19, 0.5]]
    assert not inside[3:].any()
    np.testing.assert_array_equal(pose, before)
