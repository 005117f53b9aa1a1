import pytest
import torch

from posegan_plugin.errors import UserError
from posegan_plugin.models.pose_maps import check_cameras, pose_maps
from posegan_plugin.pose import render_heatmaps

SIZE = (32, 16)


def people(batch=2):
    points = torch.rand(batch, 18, 3, generator=torch.Generator().manual_seed(0))
    return points * torch.tensor([SIZE[1], SIZE[0], 1])


@pytest.mark.parametrize("stride", [1, 2, 4])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_joints_and_camera_planes_in_the_layout_of_the_images(stride, layout):
    images = torch.zeros(2, 3, *SIZE).contiguous(memory_format=layout)
    maps = pose_maps(people(), SIZE, stride, images, torch.tensor([2, 0]), 3)
    size = (32 // stride, 16 // stride)
    assert maps.shape == (2, 21, *size)
    assert maps.is_contiguous(memory_format=layout)
    assert torch.equal(maps[:, :18], render_heatmaps(people(), SIZE, size))
    assert maps[:, 18:].amax((2, 3)).tolist() == [[0, 0, 1], [1, 0, 0]]
    assert torch.equal(maps[:, 18:].amin((2, 3)), maps[:, 18:].amax((2, 3)))


def test_without_cameras_there_are_no_planes():
    images = torch.zeros(2, 3, *SIZE)
    assert pose_maps(people(), SIZE, 1, images, torch.tensor([2, 0])).shape == (2, 18, *SIZE)


def test_drawn_in_the_precision_of_the_network():
    images = torch.zeros(2, 3, *SIZE)
    exact = pose_maps(people(), SIZE, 1, images)
    assert exact.dtype == torch.float32
    assert pose_maps(people(), SIZE, 1, images.double()).dtype == torch.float64
    with torch.autocast("cpu", torch.bfloat16):
        rounded = pose_maps(people(), SIZE, 1, images)
    assert torch.equal(rounded, exact.bfloat16())  # drawn in float32, rounded once


@pytest.mark.parametrize(("known", "seen"), [(0, 9), (3, 3), (3, 1)])
def test_cameras_that_are_known(known, seen):
    check_cameras(known, seen, "they were seen by", "look")


def test_cameras_that_are_not():
    message = "^the generator knows 2 cameras, they were seen by 3: use another$"
    with pytest.raises(UserError, match=message):
        check_cameras(2, 3, "they were seen by", "use another")
    with pytest.raises(UserError, match=r"^this one knows 2"):
        check_cameras(2, 3, "they were seen by", "use another", "this one")
