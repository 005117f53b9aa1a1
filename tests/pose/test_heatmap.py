import math

import pytest
import torch

from posegan_plugin.errors import UserError
from posegan_plugin.pose.heatmap import render_heatmaps

SIZE = (128, 64)


def one_joint(x, y, score=1.0, dtype=torch.float32):
    """A batch of one person of whom only the nose is there."""
    keypoints = torch.zeros(1, 18, 3, dtype=dtype)
    keypoints[0, 0] = torch.tensor([x, y, score], dtype=dtype)
    return keypoints


def naive_heatmaps(keypoints, image_size, size, sigma):
    """The definition, one pixel at a time, with Python's own floats."""
    (old_height, old_width), (height, width) = image_size, size
    maps = torch.zeros(len(keypoints), 18, height, width, dtype=torch.float64)
    for person, joints in enumerate(keypoints.tolist()):
        for joint, (x, y, score) in enumerate(joints):
            if score <= 0:
                continue
            x = (x + 0.5) * width / old_width - 0.5
            y = (y + 0.5) * height / old_height - 0.5
            for v in range(height):
                for u in range(width):
                    distance = (u - x) ** 2 + (v - y) ** 2
                    maps[person, joint, v, u] = math.exp(-distance / (2 * sigma**2))
    return maps


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_values_by_hand(dtype):
    maps = render_heatmaps(one_joint(20, 50, dtype=dtype), SIZE)
    assert maps.shape == (1, 18, 128, 64)
    assert maps.dtype == dtype
    nose = maps[0, 0]
    assert nose[50, 20] == 1
    assert nose.argmax() == 50 * 64 + 20
    # The default is 6 px at a height of 128.
    for v, u in [(56, 20), (44, 20), (50, 26), (50, 14)]:
        assert nose[v, u].item() == pytest.approx(math.exp(-0.5), rel=1e-5)
    assert nose[62, 26].item() == pytest.approx(math.exp(-2.5), rel=1e-5)
    assert maps[0, 1:].count_nonzero() == 0


@pytest.mark.parametrize(
    ("size", "sigma"), [((128, 64), 6.0), ((32, 16), 1.5), ((16, 16), 0.8), ((9, 5), 1.0)]
)
def test_equals_the_naive_loop(size, sigma):
    generator = torch.Generator().manual_seed(0)
    keypoints = torch.rand(1, 18, 3, generator=generator, dtype=torch.float64)
    # Some joints lie outside the image, some are missing.
    keypoints = keypoints * torch.tensor([80, 150, 2]) - torch.tensor([8, 10, 1])
    expected = naive_heatmaps(keypoints, SIZE, size, sigma)
    torch.testing.assert_close(render_heatmaps(keypoints, SIZE, size, sigma), expected)
    torch.testing.assert_close(
        render_heatmaps(keypoints.float(), SIZE, size, sigma), expected.float(), atol=1e-5, rtol=0
    )


def test_smaller_maps_follow_the_pixel_centre_rule():
    # (21.5 + 0.5) / 4 - 0.5 = 5 and (49.5 + 0.5) / 4 - 0.5 = 12.
    nose = render_heatmaps(one_joint(21.5, 49.5), SIZE, size=(32, 16))[0, 0]
    assert nose[12, 5] == 1
    # The default follows the height: 6 / 128 * 32 = 1.5 px.
    assert nose[15, 5].item() == pytest.approx(math.exp(-2), rel=1e-5)
    assert nose[12, 8].item() == pytest.approx(math.exp(-2), rel=1e-5)


def test_a_joint_between_pixels_is_drawn_between_them():
    nose = render_heatmaps(one_joint(20.5, 50), SIZE, sigma=2.0)[0, 0]
    assert nose[50, 20] == nose[50, 21]
    assert nose[50, 20].item() == pytest.approx(math.exp(-0.5 * 0.25**2), rel=1e-5)


def test_a_joint_outside_shows_the_part_that_reaches_in():
    nose = render_heatmaps(one_joint(-6, 50), SIZE)[0, 0]
    assert nose[50, 0].item() == pytest.approx(math.exp(-0.5), rel=1e-5)


@pytest.mark.parametrize(
    ("x", "y", "score"),
    [
        (20, 50, 0),
        (20, 50, -1),
        (math.nan, math.nan, 0),
        (math.inf, 3, 0),
        (20, 50, math.nan),
        (math.nan, 50, 1),
        (20, math.nan, 1),
    ],
)
def test_a_missing_joint_is_zero_whatever_its_place(x, y, score):
    keypoints = one_joint(x, y, score)
    keypoints[0, 5] = torch.tensor([30.0, 40.0, 0.1])
    maps = render_heatmaps(keypoints, SIZE)
    assert maps[0, 0].count_nonzero() == 0
    assert maps[0, 5, 40, 30] == 1  # the height is 1 whatever the score


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_out_is_computed_in_float32(dtype):
    keypoints = one_joint(200.25, 431.5)
    size = (512, 256)
    maps = render_heatmaps(keypoints, size, dtype=dtype)
    assert maps.dtype == dtype
    assert torch.equal(maps, render_heatmaps(keypoints, size).to(dtype))
    assert render_heatmaps(keypoints.to(dtype), size).dtype == dtype


def test_empty_batch():
    assert render_heatmaps(torch.zeros(0, 18, 3), SIZE, (32, 16)).shape == (0, 18, 32, 16)


@pytest.mark.parametrize("sigma", [0, -1.0, math.nan])
def test_sigma_that_is_no_width(sigma):
    with pytest.raises(UserError, match="sigma"):
        render_heatmaps(one_joint(1, 1), SIZE, sigma=sigma)


def test_whole_number_maps_are_refused():
    with pytest.raises(ValueError, match="uint8"):
        render_heatmaps(one_joint(1, 1), SIZE, dtype=torch.uint8)
    with pytest.raises(ValueError, match="int64"):
        render_heatmaps(one_joint(1, 1).long(), SIZE)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_same_on_the_gpu():
    keypoints = one_joint(20, 50)
    maps = render_heatmaps(keypoints.cuda(), SIZE)
    assert maps.is_cuda
    torch.testing.assert_close(maps.cpu(), render_heatmaps(keypoints, SIZE))


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
def test_channels_last_holds_the_same_values(dtype):
    keypoints = torch.rand(3, 18, 3, generator=torch.Generator().manual_seed(0)) * 60
    keypoints[1, 4, 2] = 0
    usual = render_heatmaps(keypoints, SIZE, (32, 16), dtype=dtype)
    maps = render_heatmaps(keypoints, SIZE, (32, 16), None, dtype, torch.channels_last)
    assert torch.equal(maps, usual)
    assert maps.is_contiguous(memory_format=torch.channels_last)
    assert usual.is_contiguous()


def test_maps_follow_the_key_points_in_a_gradient():
    keypoints = torch.rand(1, 18, 3, generator=torch.Generator().manual_seed(0)).double()
    keypoints = (keypoints * torch.tensor([8, 16, 1])).requires_grad_()
    assert torch.autograd.gradcheck(lambda k: render_heatmaps(k, (16, 8)), keypoints)
