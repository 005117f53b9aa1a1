import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def folder(tmp_path):
    """Makes a folder of images: ``folder("a.png", "cam1/b.jpg", size=(12, 8))``."""

    def make(*names, size=(12, 8), root="images"):
        for number, name in enumerate(names):
            path = tmp_path / root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            pixels = np.full((*size, 3), 10 * number % 256, dtype=np.uint8)
            Image.fromarray(pixels).save(path)
        return tmp_path / root

    return make
