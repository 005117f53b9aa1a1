import io
import os

import numpy as np
import pytest
from PIL import Image

from posegan_plugin.errors import UserError
from posegan_plugin.image_files import decode_image, find_damaged, image_size


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


def encoded(kind, mode="RGB", **options):
    noise = np.random.default_rng(0).integers(0, 256, (12, 8, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).convert(mode).save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP", "WEBP", "GIF", "TIFF", "PPM"])
def test_the_content_counts_not_the_name(tmp_path, kind):
    (tmp_path / "a.jpg").write_bytes(encoded(kind))
    assert decode_image(tmp_path / "a.jpg").shape == (12, 8, 3)


def test_no_other_program_is_started_for_an_image(tmp_path):
    (tmp_path / "a.jpg").write_bytes(encoded("EPS"))
    with pytest.raises(UserError, match=r"a\.jpg cannot be decoded .*no JPEG, PNG"):
        decode_image(tmp_path / "a.jpg")


@pytest.mark.parametrize("mode", ["I", "F"])
def test_pixels_that_do_not_fit(tmp_path, mode):
    pixels = np.full((12, 8), 100_000, dtype={"I": np.int32, "F": np.float32}[mode])
    Image.fromarray(pixels).save(tmp_path / "a.tif")
    with pytest.raises(UserError, match=r"of more than 16 bits|no whole numbers"):
        decode_image(tmp_path / "a.tif")


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1)])
def test_the_smallest_images(tmp_path, size):
    Image.new("RGB", size).save(tmp_path / "a.png")
    assert decode_image(tmp_path / "a.png").shape == (size[1], size[0], 3)


@pytest.mark.parametrize("read", [decode_image, image_size])
def test_what_is_no_file(tmp_path, read):
    os.mkfifo(tmp_path / "pipe.jpg")  # opening it would wait for ever
    (tmp_path / "folder.jpg").mkdir()
    (tmp_path / "loop.jpg").symlink_to("loop.jpg")
    (tmp_path / "broken.jpg").symlink_to("nowhere.jpg")
    for name in ("pipe.jpg", "folder.jpg", "loop.jpg", "broken.jpg", "a\0.jpg", "n" * 300):
        with pytest.raises(UserError, match=r"cannot be (read|decoded) as an image"):
            read(tmp_path / name)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_image_that_may_not_be_read(tmp_path):
    (tmp_path / "a.png").write_bytes(encoded("PNG"))
    (tmp_path / "a.png").chmod(0)
    with pytest.raises(UserError, match=r"cannot be decoded as an image \(Permission denied\)"):
        decode_image(tmp_path / "a.png")


def test_the_damaged_ones_of_many(tmp_path):
    for name in ("a", "b", "c"):
        (tmp_path / f"{name}.png").write_bytes(encoded("PNG"))
    (tmp_path / "b.png").write_bytes(encoded("PNG")[:-40])
    paths = [str(tmp_path / f"{name}.png") for name in ("c", "b", "a", "b", "none")]
    found = find_damaged(paths, progress=False)
    assert list(found) == [paths[1], paths[4]]
    assert found[paths[1]].startswith(f"{paths[1]} cannot be decoded")
    assert found[paths[4]].startswith(f"{paths[4]} cannot be decoded")
