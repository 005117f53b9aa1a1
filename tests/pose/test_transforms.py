import pytest
import torch
from torch.nn import functional

from posegan_plugin.pose.heatmap import render_heatmaps
from posegan_plugin.pose.skeleton import JOINTS
from posegan_plugin.pose.transforms import (
    count_joints,
    drop_outside,
    flip_keypoints,
    resize_keypoints,
    shift_keypoints,
    visible,
)

DTYPES = [torch.float32, torch.float64]


def random_keypoints(*shape, dtype=torch.float32):
    generator = torch.Generator().manual_seed(0)
    keypoints = torch.rand(*shape, 18, 3, generator=generator).to(dtype)
    keypoints[..., 0] *= 63
    keypoints[..., 1] *= 127
    return keypoints


@pytest.mark.parametrize("dtype", DTYPES)
def test_flip_by_hand(dtype):
    keypoints = torch.zeros(18, 3, dtype=dtype)
    keypoints[JOINTS.index("nose")] = torch.tensor([20.0, 9.0, 1.0])
    keypoints[JOINTS.index("left_wrist")] = torch.tensor([50.0, 70.0, 0.5])
    flipped = flip_keypoints(keypoints, width=64)
    assert flipped.dtype == dtype
    assert flipped[JOINTS.index("nose")].tolist() == [43.0, 9.0, 1.0]
    assert flipped[JOINTS.index("right_wrist")].tolist() == [13.0, 70.0, 0.5]
    assert flipped[JOINTS.index("left_wrist"), 2] == 0


def test_flipping_twice_changes_nothing():
    keypoints = random_keypoints(2, 3, dtype=torch.float64)
    torch.testing.assert_close(flip_keypoints(flip_keypoints(keypoints, 64), 64), keypoints)


def test_flip_only_some():
    keypoints = random_keypoints(3)
    flipped = flip_keypoints(keypoints, 64, mask=torch.tensor([True, False, True]))
    everyone = flip_keypoints(keypoints, 64)
    assert torch.equal(flipped[[0, 2]], everyone[[0, 2]])
    assert torch.equal(flipped[1], keypoints[1])


def test_flip_follows_the_image():
    keypoints = random_keypoints(2)
    maps = render_heatmaps(keypoints, (128, 64))
    mirrored = render_heatmaps(flip_keypoints(keypoints, 64), (128, 64))
    # The mirror image of the right shoulder's map is the left shoulder's map of the mirrored pose.
    right, left = JOINTS.index("right_shoulder"), JOINTS.index("left_shoulder")
    torch.testing.assert_close(mirrored[:, left], maps[:, right].flip(-1), atol=1e-5, rtol=0)


@pytest.mark.parametrize("dtype", DTYPES)
def test_resize_by_hand(dtype):
    keypoints = torch.tensor([[0.0, 0.0, 1.0], [63.0, 127.0, 0.5], [10.0, 20.0, 0.0]], dtype=dtype)
    doubled = resize_keypoints(keypoints, (128, 64), (256, 128))
    # Pixel 0 becomes pixels 0 and 1, whose middle is 0.5.
    assert doubled.tolist() == [[0.5, 0.5, 1.0], [126.5, 254.5, 0.5], [20.5, 40.5, 0.0]]
    quartered = resize_keypoints(keypoints, (128, 64), (32, 32))
    assert quartered.tolist() == [[-0.25, -0.375, 1.0], [31.25, 31.375, 0.5], [4.75, 4.625, 0.0]]
    assert doubled.dtype == dtype


def test_resize_follows_the_image():
    ramp = torch.arange(64.0).repeat(128, 1)  # each pixel holds its own x
    larger = functional.interpolate(ramp[None, None], (256, 192), mode="bilinear")[0, 0]
    x, y, _ = resize_keypoints(torch.tensor([20.0, 50.0, 1.0]), (128, 64), (256, 192)).tolist()
    assert (x, y) == (61.0, 100.5)
    assert larger[100, 61].item() == pytest.approx(20.0, abs=1e-4)


def test_shift_by_numbers_and_by_tensors():
    keypoints = random_keypoints(2, dtype=torch.float64)
    shifted = shift_keypoints(keypoints, 3, -2.5)
    moved = torch.tensor([3, -2.5, 0], dtype=torch.float64).expand(2, 18, 3)
    torch.testing.assert_close(shifted - keypoints, moved)
    each = shift_keypoints(keypoints, torch.tensor([3, -4]), torch.tensor([0.5, 1.0]))
    wide = torch.zeros(2, dtype=torch.float64)
    assert shift_keypoints(keypoints.float(), wide, wide).dtype == torch.float32
    torch.testing.assert_close(each[0], shift_keypoints(keypoints[0], 3, 0.5))
    torch.testing.assert_close(each[1], shift_keypoints(keypoints[1], -4, 1.0))


@pytest.mark.parametrize(
    ("x", "y", "score", "expected"),
    [
        (0, 0, 1.0, True),
        (63, 127, 0.1, True),
        (-0.5, 0, 1.0, True),
        (63.5, 127.5, 1.0, True),
        (-0.51, 0, 1.0, False),
        (63.51, 0, 1.0, False),
        (0, -0.51, 1.0, False),
        (0, 127.51, 1.0, False),
        (20, 20, 0.0, False),
        (float("nan"), 20, 1.0, False),
    ],
)
def test_visible_and_drop_outside(x, y, score, expected):
    keypoints = random_keypoints(1)
    keypoints[0, 4] = torch.tensor([x, y, score])
    seen = visible(keypoints, (128, 64))
    assert seen.shape == (1, 18)
    assert seen[0, 4].item() is expected
    dropped = drop_outside(keypoints, (128, 64))
    assert dropped[0, 4, 2].item() == pytest.approx(score if expected else 0.0)
    assert torch.equal(dropped[..., :2].nan_to_num(), keypoints[..., :2].nan_to_num())


def test_count_joints():
    keypoints = torch.zeros(3, 18, 3)
    keypoints[1, :4, 2] = 0.2
    keypoints[2, :, 2] = 1
    assert count_joints(keypoints).tolist() == [0, 4, 18]
    assert count_joints(keypoints[1]).item() == 4


@pytest.mark.parametrize(
    "change",
    [
        lambda k: flip_keypoints(k, 64),
        lambda k: flip_keypoints(k, 64, torch.zeros(len(k), dtype=torch.bool)),
        lambda k: resize_keypoints(k, (128, 64), (32, 16)),
        lambda k: shift_keypoints(k, 1, torch.zeros(len(k))),
        lambda k: drop_outside(k, (128, 64)),
    ],
)
def test_empty_batch_and_untouched_input(change):
    assert change(torch.zeros(0, 18, 3)).shape == (0, 18, 3)
    keypoints = random_keypoints(2)
    before = keypoints.clone()
    assert change(keypoints) is not keypoints
    assert torch.equal(keypoints, before)
