import numpy as np
import pytest
import torch
from PIL import Image

from posegan_plugin.datasets import read_image
from posegan_plugin.datasets import read_images as module
from posegan_plugin.datasets.read_images import read_all_images
from posegan_plugin.errors import UserError

HEIGHT, WIDTH = 12, 8


def picture(seed=0, height=HEIGHT, width=WIDTH):
    """Smooth enough that JPEG keeps it."""
    small = np.random.default_rng(seed).integers(0, 256, (3, 2, 3), dtype=np.uint8)
    return Image.fromarray(small).resize((width, height), Image.Resampling.BILINEAR)


def rgb(image):
    return torch.from_numpy(np.array(image.convert("RGB"))).permute(2, 0, 1)


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "LA", "1", "CMYK", "I;16"])
def test_other_kinds_of_images_become_rgb(tmp_path, mode):
    if mode == "I;16":
        array = np.linspace(0, 65535, HEIGHT * WIDTH).reshape(HEIGHT, WIDTH).astype(np.uint16)
        image, expected = Image.fromarray(array), torch.from_numpy(array // 256).expand(3, -1, -1)
    else:
        source = picture(3, 24, 16)
        image = source.convert(mode)
        expected = rgb(image)
    path = tmp_path / ("a.jpg" if mode == "CMYK" else "a.png")
    image.save(path)
    read = read_image(path, tuple(expected.shape[1:]))
    assert read.shape == expected.shape
    assert read.dtype == torch.uint8
    tolerance = 24 if mode == "CMYK" else 1  # JPEG, and two ways from CMYK to RGB
    assert (read.int() - expected.int()).abs().max() <= tolerance


def test_channels_are_in_the_order_of_rgb(tmp_path):
    Image.new("RGB", (8, 12), (200, 100, 20)).save(tmp_path / "a.png")
    assert read_image(tmp_path / "a.png", (12, 8))[:, 0, 0].tolist() == [200, 100, 20]


def test_exif_rotation_is_not_applied(tmp_path):
    # Key points are in pixels as they are stored.
    exif = Image.Exif()
    exif[0x0112] = 6
    picture(0, 24, 16).save(tmp_path / "a.jpg", exif=exif, quality=95)
    read = read_image(tmp_path / "a.jpg", (24, 16))
    assert (read.int() - rgb(picture(0, 24, 16)).int()).abs().max() < 24


def test_shrinking_averages(tmp_path):
    board = np.indices((24, 16)).sum(axis=0) % 2 * 255
    Image.fromarray(np.stack([board] * 3, -1).astype(np.uint8)).save(tmp_path / "a.png")
    read = read_image(tmp_path / "a.png", (12, 8))
    assert (read.int() - 128).abs().max() <= 1


def test_names_that_are_not_ascii(tmp_path):
    path = tmp_path / "öffentlich 人.png"
    picture().save(path)
    assert torch.equal(read_image(path, (HEIGHT, WIDTH)), rgb(picture()))


@pytest.fixture
def files(tmp_path):
    """Of two kinds and three sizes."""
    paths = [tmp_path / f"{n}.{'jpg' if n % 2 else 'png'}" for n in range(50)]
    for n, path in enumerate(paths):
        picture(n, *((12, 8), (24, 16), (9, 7))[n % 3]).save(path)
    return paths


def test_all_images_are_those_one_by_one(files):
    block = read_all_images(files, (HEIGHT, WIDTH))
    assert block.shape == (50, 3, HEIGHT, WIDTH)
    assert block.dtype == torch.uint8
    assert torch.equal(block, torch.stack([read_image(f, (HEIGHT, WIDTH)) for f in files]))


def test_no_images():
    assert read_all_images([], (4, 2)).shape == (0, 3, 4, 2)


def test_one_damaged_among_all(files):
    files[33].write_bytes(b"")
    with pytest.raises(UserError, match=r"33\.jpg cannot be decoded"):
        read_all_images(files, (HEIGHT, WIDTH))


def test_more_than_is_free(files, monkeypatch):
    needed = 50 * 3 * 300 * 100
    monkeypatch.setattr(module, "available_memory", lambda: needed - 10**6)
    with pytest.raises(UserError) as error:
        read_all_images(files, (300, 100))
    assert "cache: the decoded images take 4 MB, only 4 MB are free: set cache" in str(error.value)
    monkeypatch.setattr(module, "available_memory", lambda: needed)
    assert read_all_images(files, (300, 100)).nbytes == needed


def test_more_than_the_system_has(files, monkeypatch):
    monkeypatch.setattr(module, "available_memory", lambda: None)
    with pytest.raises(UserError, match="52,776,558,133 MB, the system does not give them"):
        read_all_images(files * 20, (1 << 22, 1 << 22))
