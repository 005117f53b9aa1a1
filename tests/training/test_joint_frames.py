import numpy as np
import pytest
import torch
from PIL import Image

from posegan_plugin.datasets import Person, PersonDataset
from posegan_plugin.pose import JOINTS
from posegan_plugin.training.joint_frames import (
    FramedPeople,
    augmented_frames,
    frame_people,
    frame_zoom,
)

SIZE = (64, 32)


def spot(x, y, size=SIZE, soft=3.0):
    """An image (3, H, W) with a soft bright spot at a place, in pixels."""
    rows, columns = torch.meshgrid(*map(torch.arange, size), indexing="ij")
    value = 255 * torch.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * soft**2))
    return value.round().byte().expand(3, -1, -1)


def brightest(frames):
    """Centres (N, 2) of the spots: the mean place, weighted by how bright it is."""
    light = (frames.mean(dim=1) - frames.mean(dim=1).amin(dim=(1, 2), keepdim=True)) ** 2
    rows, columns = torch.meshgrid(*map(torch.arange, frames.shape[-2:]), indexing="ij")
    total = light.sum(dim=(1, 2))
    return torch.stack([(light * axis).sum(dim=(1, 2)) / total for axis in (columns, rows)], dim=-1)


def people(x, y, count, joint="nose"):
    """People whose only joint is on the spot."""
    keypoints = torch.zeros(count, 18, 3)
    keypoints[:, JOINTS.index(joint)] = torch.tensor([x, y, 1.0])
    return spot(x, y).repeat(count, 1, 1, 1), keypoints


@pytest.mark.parametrize(
    ("stored", "zoom"),
    [
        ((128, 64), (1.25, 1.25)),
        ((64, 32), (1.25, 1.25)),
        ((128, 32), (2.5, 1.25)),  # too slim: the frame is 2.5 widths wide
        ((64, 64), (1.25, 2.5)),  # too wide
        ((150, 60), (1.5625, 1.25)),
    ],
)
def test_frames_keep_the_aspect_ratio(stored, zoom):
    assert frame_zoom(stored, (128, 64)) == pytest.approx(zoom)


@pytest.mark.parametrize("stored", [(64, 32), (90, 36), (50, 40)])
def test_frames_are_those_of_rtmlib(stored):
    rtmlib = pytest.importorskip("rtmlib")
    height, width = stored
    image = spot(0.4 * width, 0.3 * height, stored, soft=5.0).permute(1, 2, 0).numpy()
    pose = rtmlib.RTMPose.__new__(rtmlib.RTMPose)  # without a network
    pose.model_input_size, pose.mean = SIZE[::-1], None
    expected, center, scale = pose.preprocess(image, [0, 0, width, height])
    # As a PersonDataset has it: brought to the input's size.
    whole = torch.nn.functional.interpolate(
        torch.from_numpy(image.copy()).permute(2, 0, 1)[None].float(), SIZE, mode="bilinear"
    )
    zoom = torch.tensor([frame_zoom(stored, SIZE)])
    # rtmlib counts pixels from their corners, which moves its frame by less than half a pixel.
    shift = torch.tensor([[(1 - scale[0] / 32) / width, (1 - scale[1] / 64) / height]])
    frames, _ = frame_people(whole.round().byte(), torch.zeros(1, 18, 3), zoom, shift.float())
    frame = ((frames[0] + 1) * 127.5).permute(1, 2, 0).numpy()
    assert np.abs(frame - expected).max() < 12
    # Both lead back to the same place of the image.
    x, y = brightest(frames)[0].tolist()
    back = np.array([x, y]) / SIZE[::-1] * scale + center - scale / 2
    np.testing.assert_allclose(back, [0.4 * width, 0.3 * height], atol=0.2)


def test_key_points_follow_the_frame():
    images, keypoints = people(12.0, 40.0, 3)
    zoom = torch.tensor([[1.25, 1.25], [1.0, 1.0], [1.5, 1.25]])
    shift = torch.tensor([[0.0, 0.0], [0.0, 0.0], [0.2, -0.1]])
    frames, moved = frame_people(images, keypoints, zoom, shift)
    assert frames.shape == (3, 3, *SIZE)
    torch.testing.assert_close(brightest(frames), moved[:, 0, :2], atol=0.1, rtol=0)
    # x = 12.5 from the left edge is -3.5 from the middle; the frame makes that -3.5 / 1.25 = -2.8.
    torch.testing.assert_close(moved[0, 0], torch.tensor([12.7, 38.3, 1.0]))
    torch.testing.assert_close(moved[1], keypoints[1])
    assert (moved[:, 1:, 2] == 0).all()


def test_outside_is_black_and_its_joints_are_missing():
    images, keypoints = people(12.0, 40.0, 2)
    frames, moved = frame_people(
        255 * torch.ones_like(images),
        keypoints,
        torch.tensor([[2.0, 2.0], [0.5, 0.5]]),
    )
    assert (frames[0, :, :16] == -1).all() and (frames[0, :, 18:46, 9:23] == 1).all()
    # y = 40.5 is 8.5 below the middle and stays in; x = 12.5 is 3.5 left of it.
    assert moved[1, 0, 2] == 1
    _, moved = frame_people(images, keypoints, torch.tensor([[0.2, 0.2]] * 2))
    assert (moved[..., 2] == 0).all()


def test_random_frames_take_the_joints_along():
    torch.manual_seed(0)
    images, keypoints = people(10.0, 24.0, 200, "right_wrist")
    frames, moved = augmented_frames(images, keypoints, torch.full((200, 2), 1.25))
    assert frames.min() >= -1 and frames.max() <= 1
    right, left = (moved[:, JOINTS.index(f"{side}_wrist")] for side in ("right", "left"))
    mirrored = left[:, 2] > 0
    assert 60 < mirrored.sum() < 140
    assert (mirrored ^ (right[:, 2] > 0)).all()
    place = torch.where(mirrored[:, None], left, right)[:, :2]
    torch.testing.assert_close(brightest(frames), place, atol=0.6, rtol=0)
    assert place[~mirrored].std(dim=0).min() > 1  # and they do move


def test_random_frames_come_from_the_seed():
    images, keypoints = people(10.0, 24.0, 4)
    zoom = torch.full((4, 2), 1.25)
    runs = []
    for seed in (5, 5, 6):
        torch.manual_seed(seed)
        runs.append(augmented_frames(images, keypoints, zoom))
    assert torch.equal(runs[0][0], runs[1][0]) and torch.equal(runs[0][1], runs[1][1])
    assert not torch.equal(runs[0][0], runs[2][0])


def test_only_people_with_joints(tmp_path):
    for name, size in (("a", (64, 32)), ("b", (64, 32)), ("c", (64, 16))):
        Image.fromarray(np.full((*size, 3), 90, dtype=np.uint8)).save(tmp_path / f"{name}.png")
    one = np.zeros((18, 3), dtype=np.float32)
    one[0] = 8, 20, 1
    found = {"a.png": one, "b.png": np.zeros_like(one), "c.png": one}
    dataset = PersonDataset([Person(str(tmp_path / f"{n}.png"), 0, 0) for n in "abc"], found, SIZE)
    framed = FramedPeople(dataset)
    assert len(framed) == 2
    image, keypoints, zoom = framed[1]
    assert image.shape == (3, *SIZE) and image.dtype == torch.uint8
    assert zoom.tolist() == [2.5, 1.25]
    assert keypoints[0].tolist() == [16.5, 20.0, 1.0]  # the image was made twice as wide
