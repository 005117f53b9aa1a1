import math

import cv2
import numpy as np
import pytest
import torch

from posegan_plugin.errors import UserError
from posegan_plugin.visualization.grid import (
    check_picture_path,
    enlarge,
    image_grid,
    save_image,
    to_uint8,
)


def plain(colour, height=128, width=64):
    return np.full((height, width, 3), colour, dtype=np.uint8)


def found(grid, colour):
    """Height and width of the box that holds a colour, and how many pixels have it."""
    ys, xs = np.nonzero((grid == colour).all(axis=2))
    return np.ptp(ys) + 1, np.ptp(xs) + 1, len(ys)


RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


def test_without_captions_by_hand():
    grid = image_grid([[plain(RED, 2, 3), plain(GREEN, 2, 3)]], ["", ""], scale=1)
    # Padding of 6, pictures of 2 x 3: 6 + 2 + 6 high, 6 + 3 + 6 + 3 + 6 wide.
    expected = plain(255, 14, 24)
    expected[6:8, 6:9] = RED
    expected[6:8, 15:18] = GREEN
    np.testing.assert_array_equal(grid, expected)


def test_pictures_are_enlarged_pixel_by_pixel():
    picture = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    grid = image_grid([[picture]], [""], scale=3)
    np.testing.assert_array_equal(grid[6:12, 6:12], np.kron(picture, np.ones((3, 3, 1), np.uint8)))


@pytest.mark.parametrize(
    ("height", "shown"), [(32, 192), (64, 192), (96, 192), (128, 256), (256, 256), (500, 500)]
)
def test_height_near_192(height, shown):
    grid = image_grid([[plain(RED, height, 50)]], ["title"], ["row"])
    rows, columns, count = found(grid, RED)
    assert (rows, columns) == (shown, 50 * shown // height)
    assert count == rows * columns


def test_captions_leave_the_pictures_alone():
    rows = [[plain(RED), plain(GREEN)], [plain(BLUE)]]
    grid = image_grid(rows, ["a long title for a column", "b"], ["first", "second row of all"])
    for colour in (RED, GREEN, BLUE):
        assert found(grid, colour) == (256, 128, 256 * 128)
    assert (grid[:30] < 100).any()  # column titles
    assert (grid[100:, :20] < 100).any()  # row titles
    top = np.nonzero((grid == BLUE).all(axis=2))[0].min()
    assert (grid[top : top + 256, -140:] == 255).all()  # the cell that has no picture


def test_sizes_may_differ():
    grid = image_grid([[plain(RED, 100, 20), plain(GREEN, 40, 60)]], ["", ""], scale=1)
    assert grid.shape == (6 + 100 + 6, 6 + 20 + 6 + 60 + 6, 3)
    assert found(grid, GREEN) == (40, 60, 2400)
    assert np.nonzero((grid == GREEN).all(axis=2))[0].min() == 6 + 30


@pytest.mark.parametrize(
    ("rows", "columns", "row_titles", "what"),
    [
        ([], [], None, "at least one"),
        ([[], []], ["a"], None, "at least one"),
        ([[plain(RED)] * 2], ["a"], None, "1 column titles"),
        ([[plain(RED)]], ["a"], ["a", "b"], "2 row titles"),
        ([[plain(RED)[..., 0]]], ["a"], None, "uint8"),
        ([[plain(RED).astype(np.float32)]], ["a"], None, "float32"),
    ],
)
def test_what_cannot_become_a_grid(rows, columns, row_titles, what):
    with pytest.raises(ValueError, match=what):
        image_grid(rows, columns, row_titles)


@pytest.mark.parametrize("name", ["a.png", "ä ü/人/b.PNG", "new/folder/c.jpg", "d.jpeg"])
def test_saved_pictures_read_back_as_rgb(tmp_path, name):
    path = tmp_path / name
    save_image(path, plain((200, 100, 20)))
    assert list(path.parent.iterdir()) == [path]
    bgr = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
    tolerance = 0 if path.suffix.lower() == ".png" else 3
    np.testing.assert_allclose(bgr[..., ::-1], plain((200, 100, 20)), atol=tolerance)


@pytest.mark.parametrize("name", ["a", "a.gif", "a.png.txt"])
def test_unknown_format(tmp_path, name):
    with pytest.raises(UserError, match=r"\.png or \.jpg") as error:
        save_image(tmp_path / name, plain(RED))
    assert str(error.value).startswith(str(tmp_path / name))
    assert list(tmp_path.iterdir()) == []


def test_too_large_for_a_jpeg(tmp_path):
    with pytest.raises(UserError, match="70000 x 2 pixels"):
        save_image(tmp_path / "a.jpg", plain(RED, 2, 70000))
    assert list(tmp_path.iterdir()) == []


def test_a_path_is_checked_before_there_is_a_picture(tmp_path):
    check_picture_path(tmp_path / "new" / "a.png")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(UserError, match=r"\.png or \.jpg"):
        check_picture_path(tmp_path / "a.bmp")
    (tmp_path / "b.png").mkdir()
    with pytest.raises(UserError, match="folder"):
        check_picture_path(tmp_path / "b.png")


def test_enlarge_by_a_factor():
    picture = np.arange(6, dtype=np.uint8).reshape(1, 2, 3)
    np.testing.assert_array_equal(
        enlarge(picture, 2), np.kron(picture, np.ones((2, 2, 1), np.uint8))
    )


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16, torch.bfloat16])
def test_to_uint8_by_hand(dtype):
    images = torch.tensor([-1, 1, 0, 2, -9, math.nan, math.inf, 0.5], dtype=dtype)
    pictures = to_uint8(images.reshape(1, 1, 2, 4).expand(3, 3, 2, 4))
    assert pictures.dtype == np.uint8
    assert pictures.shape == (3, 2, 4, 3)
    # 0 becomes 127.5, which rounds to the even 128; 0.5 becomes 191.25.
    assert pictures[2, ..., 1].ravel().tolist() == [0, 255, 128, 255, 0, 0, 255, 191]


def test_to_uint8_channels_gradients_and_empty():
    images = torch.stack([torch.ones(4, 5), torch.zeros(4, 5), -torch.ones(4, 5)])[None]
    pictures = to_uint8(images.requires_grad_())
    assert pictures[0, 3, 4].tolist() == [255, 128, 0]
    assert to_uint8(torch.zeros(0, 3, 4, 5)).shape == (0, 4, 5, 3)


def test_grey_levels_survive():
    levels = torch.arange(256.0) / 127.5 - 1
    pictures = to_uint8(levels.reshape(1, 1, 16, 16).expand(1, 3, 16, 16))
    assert pictures[0, ..., 0].ravel().tolist() == list(range(256))
