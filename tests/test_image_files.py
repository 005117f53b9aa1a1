import numpy as np
import pytest
from PIL import Image

from posegan_plugin.errors import UserError
from posegan_plugin.image_files import decode_image, image_size


def test_stored_pixels_and_size(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (5, 3, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    np.testing.assert_array_equal(decode_image(tmp_path / "a.png"), pixels)
    assert image_size(str(tmp_path / "a.png")) == (5, 3)


def test_exif_does_not_turn_an_image(tmp_path):
    """Key points are in pixels as they are stored."""
    image = Image.new("RGB", (3, 5))
    exif = image.getexif()
    exif[0x0112] = 6  # to be turned by 90 degrees
    image.save(tmp_path / "a.jpg", exif=exif)
    assert decode_image(tmp_path / "a.jpg").shape == (5, 3, 3)
    assert image_size(tmp_path / "a.jpg") == (5, 3)


@pytest.mark.parametrize("content", [b"", b"hello", b"\x89PNG\r\n\x1a\n" + bytes(20)])
@pytest.mark.parametrize("read", [decode_image, image_size])
def test_what_is_no_image(tmp_path, content, read):
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(UserError, match=r"a\.png cannot be (read|decoded) as an image"):
        read(tmp_path / "a.png")
    with pytest.raises(UserError, match="none"):
        read(tmp_path / "none.png")


def test_an_image_that_claims_too_many_pixels(tmp_path, monkeypatch):
    Image.new("RGB", (30, 50)).save(tmp_path / "a.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    for read in (decode_image, image_size):
        with pytest.raises(UserError, match=r"a\.png"):
            read(tmp_path / "a.png")
