import numpy as np
import pytest

from posegan_plugin.errors import UserError
from posegan_plugin.pose.threshold import check_threshold, drop_unsure


def test_scores():
    keypoints = np.array([[[1, 2, 0.29], [3, 4, 0.3], [5, 6, 6.5], [7, 8, -1], [np.nan, 9, 0]]])
    sure = drop_unsure(keypoints, 0.3)
    assert sure.dtype == np.float32
    np.testing.assert_allclose(sure, [[[0] * 3, [3, 4, 0.3], [5, 6, 1], [0] * 3, [0] * 3]])
    assert keypoints[0, 2, 2] == 6.5
    assert (drop_unsure(keypoints, 0)[0, :, 2] > 0).tolist() == [True, True, True, False, False]


def test_a_score_that_is_no_number_is_missing():
    assert not drop_unsure(np.array([[1, 2, np.nan]]), 0).any()


def test_check():
    check_threshold(0)
    check_threshold(5.5)
    for threshold in (-0.1, float("nan"), float("inf")):
        with pytest.raises(UserError, match="threshold"):
            check_threshold(threshold)
