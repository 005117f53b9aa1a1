"""Whatever bytes lie in an image file, it is decoded or refused."""

import io
import tempfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("hypothesis")

from hypothesis import given, settings
from hypothesis import strategies as st

from posegan_plugin.errors import UserError
from posegan_plugin.image_files import decode_image, image_size

NOISE = np.random.default_rng(0).integers(0, 256, (12, 8, 3), dtype=np.uint8)


def encoded(kind, mode, **options):
    buffer = io.BytesIO()
    Image.fromarray(NOISE).convert(mode).save(buffer, kind, **options)
    return buffer.getvalue()


FILES = [
    *(encoded(kind, mode) for kind in ("PNG", "BMP", "TIFF") for mode in ("RGB", "P", "1")),
    *(encoded("JPEG", mode) for mode in ("RGB", "L", "CMYK")),
    encoded("JPEG", "RGB", progressive=True),
    encoded("TIFF", "RGB", compression="tiff_lzw"),
    *(encoded(kind, "RGB") for kind in ("WEBP", "GIF", "PPM")),
    encoded("PNG", "I;16"),
]


@st.composite
def damaged(draw):
    data = bytearray(draw(st.sampled_from(FILES)))
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, len(data) - 1))
        data[place] = draw(st.integers(0, 255))
    return bytes(data[: draw(st.none() | st.integers(0, len(data)))])


def test_pixels_or_a_sentence(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1_000_000)  # what a header claims takes time
    outcomes = set()

    @settings(max_examples=200, deadline=None, derandomize=True, database=None)
    @given(damaged() | st.binary(max_size=50))
    def check(data):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "a.jpg"
            path.write_bytes(data)
            try:
                size = image_size(path)
                pixels = decode_image(path)
            except UserError as error:
                assert str(error).startswith(f"{path} cannot be ")
                outcomes.add("a sentence")
                return
        assert pixels.shape == (*size, 3)
        assert pixels.dtype == np.uint8
        assert pixels.size
        outcomes.add("pixels")

    check()
    assert outcomes == {"a sentence", "pixels"}
