import numpy as np
import pytest

from posegan_plugin.errors import UserError
from posegan_plugin.pose.coverage import Coverage


def poses(*joints):
    keypoints = np.zeros((len(joints), 18, 3), dtype=np.float32)
    for pose, count in zip(keypoints, joints, strict=True):
        pose[:count] = (5, 5, 0.5)
    return keypoints


def test_the_borders_of_the_classes():
    assert Coverage.of(poses(0, 0, 0, 1, 9, 10, 18)) == (3, 2, 2)
    assert Coverage.of(poses()) == (0, 0, 0)


def test_table():
    assert Coverage(1, 1, 2998).table().splitlines() == [
        "joints    images   share",
        "     0         1   0.0 %",
        "   1-9         1   0.0 %",
        "   10+      2998  99.9 %",
    ]
    assert "0.0 %" in Coverage(0, 0, 0).table()


def test_more_than_half_without_a_joint():
    Coverage(5, 0, 5).require("poses.csv", "why?")
    Coverage(0, 0, 0).require("poses.csv", "why?")
    with pytest.raises(UserError, match=r"poses\.csv is written, but 6 of 11 images .*: why\?"):
        Coverage(6, 5, 0).require("poses.csv", "why?")
