import math

import pytest

from posegan_plugin.training import collapse_warning


def test_collapsed():
    warning = collapse_warning(0.01)
    assert "collapsed" in warning
    assert "0.01" in warning
    assert "quartet_ramp" in warning


@pytest.mark.parametrize("spread", [0.05, 1.4, math.nan])
def test_not_collapsed(spread):
    assert collapse_warning(spread) is None


def test_threshold():
    assert collapse_warning(0.3) is None
    assert collapse_warning(0.3, threshold=0.4)
