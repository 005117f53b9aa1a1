import json

import numpy as np
import pytest


@pytest.fixture
def write(tmp_path):
    """Writes an object as JSON below ``tmp_path``; the path."""

    def write(name, content):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content))
        return path

    return write


@pytest.fixture
def joints():
    """Joint k at (10 + k, 50 + k) with a score, as a flat list x, y, score, ..."""

    def make(count, score=0.5, at=0):
        return [v for k in range(count) for v in (10.0 + at + k, 50.0 + at + k, score)]

    return make


@pytest.fixture
def rows():
    """Says at which joint numbers of ``joints`` the 18 joints lie; the neck may be between two."""

    def check(pose, numbers, score=0.5):
        assert pose.shape == (18, 3)
        assert pose.dtype == np.float32
        x = np.array([np.mean(n) for n in numbers])
        np.testing.assert_allclose(pose[:, 0], 10 + x)
        np.testing.assert_allclose(pose[:, 1], 50 + x)
        np.testing.assert_allclose(pose[:, 2], score)

    return check
