import numpy as np
import pytest
from PIL import Image

from posegan_plugin.errors import UserError
from posegan_plugin.visualization.gif import check_gif_path, save_gif


def frame(colour, size=(20, 30)):
    return np.full((*size, 3), colour, dtype=np.uint8)


def test_frames_size_time_and_loop(tmp_path):
    path = tmp_path / "neu" / "ä 人.GIF"
    colours = [(255, 0, 0), (0, 255, 0), (0, 0, 255)]
    save_gif(path, [frame(c) for c in colours], milliseconds=60)
    assert list(path.parent.iterdir()) == [path]
    with Image.open(path) as gif:
        assert (gif.n_frames, gif.size) == (3, (30, 20))
        assert gif.info["loop"] == 0  # without end
        for number, colour in enumerate(colours):
            gif.seek(number)
            assert gif.info["duration"] == 60
            np.testing.assert_allclose(gif.convert("RGB").getpixel((5, 5)), colour, atol=8)


def test_one_frame(tmp_path):
    save_gif(tmp_path / "a.gif", [frame((10, 200, 30))])
    with Image.open(tmp_path / "a.gif") as gif:
        assert gif.n_frames == 1
        np.testing.assert_allclose(gif.convert("RGB").getpixel((0, 0)), (10, 200, 30), atol=8)


def test_equal_frames_are_kept_in_time(tmp_path):
    save_gif(tmp_path / "a.gif", [frame((9, 9, 9))] * 3 + [frame((99, 9, 9))], milliseconds=50)
    with Image.open(tmp_path / "a.gif") as gif:
        times = []
        for number in range(gif.n_frames):
            gif.seek(number)
            times.append(gif.info["duration"])
    assert sum(times) == 200


def test_still_areas_do_not_flicker(tmp_path):
    rng = np.random.default_rng(0)
    still = rng.integers(0, 256, (20, 15, 3), dtype=np.uint8)
    frames = [np.hstack((still, rng.integers(0, 256, (20, 15, 3), np.uint8))) for _ in range(3)]
    save_gif(tmp_path / "a.gif", frames)
    shown = []
    with Image.open(tmp_path / "a.gif") as gif:
        for number in range(3):
            gif.seek(number)
            shown.append(np.asarray(gif.convert("RGB"))[:, :15])
    np.testing.assert_array_equal(shown[0], shown[1])
    np.testing.assert_array_equal(shown[0], shown[2])


@pytest.mark.parametrize("frames", [[], [frame((1, 2, 3)), frame((1, 2, 3), (20, 31))]])
def test_what_cannot_move(tmp_path, frames):
    with pytest.raises(ValueError, match="one size"):
        save_gif(tmp_path / "a.gif", frames)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["a.png", "a"])
def test_other_endings(tmp_path, name):
    with pytest.raises(UserError, match=r"\.gif"):
        check_gif_path(tmp_path / name)
