import pytest
import torch
from torch.nn import functional as F
from torchvision.transforms.functional import normalize

from posegan_plugin.images import from_imagenet, from_uint8, resize_images, to_imagenet


def images(seed=0):
    return torch.rand(2, 3, 6, 4, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def test_bytes_to_the_generators_range():
    given = torch.tensor([0, 51, 255], dtype=torch.uint8).reshape(1, 3, 1, 1)
    out = from_uint8(given)
    assert out.dtype == torch.float32
    assert out.flatten().tolist() == pytest.approx([-1.0, -0.6, 1.0])
    assert given.flatten().tolist() == [0, 51, 255]


def test_imagenet_statistics_by_hand():
    out = to_imagenet(torch.zeros(1, 3, 1, 1))  # mid grey is 0.5 in [0, 1]
    expected = [(0.5 - 0.485) / 0.229, (0.5 - 0.456) / 0.224, (0.5 - 0.406) / 0.225]
    assert out.flatten().tolist() == pytest.approx(expected, rel=1e-5)


def test_equals_what_torchreid_does_with_the_same_picture():
    pixels = torch.arange(72, dtype=torch.uint8).reshape(1, 3, 6, 4) * 3
    expected = normalize(pixels.float() / 255, [0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    assert torch.allclose(to_imagenet(from_uint8(pixels)), expected, atol=1e-5)


def test_other_statistics():
    own = {"mean": [0.1, 0.2, 0.3], "std": [0.5, 0.25, 1.0]}
    out = to_imagenet(torch.zeros(1, 3, 1, 1), **own)
    assert out.flatten().tolist() == pytest.approx([0.8, 1.2, 0.2])
    assert torch.allclose(from_imagenet(to_imagenet(images(), **own), **own), images(), atol=1e-6)


def test_round_trip():
    assert torch.allclose(from_imagenet(to_imagenet(images())), images(), atol=1e-6)
    assert torch.allclose(to_imagenet(from_imagenet(images())), images(), atol=1e-6)


@pytest.mark.parametrize("dtype", [torch.float16, torch.float64])
def test_dtype_stays(dtype):
    assert to_imagenet(images().to(dtype)).dtype == dtype
    assert from_imagenet(images().to(dtype)).dtype == dtype


def test_gradients_pass():
    given = images().requires_grad_()
    to_imagenet(given).sum().backward()
    # d/dx (x / 2 + 1/2 - mean) / std
    assert given.grad[0, :, 0, 0].tolist() == pytest.approx([0.5 / 0.229, 0.5 / 0.224, 0.5 / 0.225])


def test_same_size_is_the_same_tensor():
    given = images()
    assert resize_images(given, (6, 4)) is given
    assert resize_images(given, [6, 4]) is given


def test_enlarging_interpolates_between_pixel_centres():
    row = torch.tensor([0.0, 1.0]).reshape(1, 1, 1, 2)
    assert resize_images(row, (1, 4)).flatten().tolist() == pytest.approx([0, 0.25, 0.75, 1])


def test_shrinking_is_antialiased():
    stripes = (torch.arange(15) % 5 == 2).float().expand(1, 1, 15, -1)
    # The middle of every five pixels is lit: without antialiasing it alone would count.
    assert (resize_images(stripes, (3, 3)) - 0.2).abs().max() < 0.15


@pytest.mark.parametrize("size", [(12, 8), (7, 4), (13, 4), (3, 2), (9, 2)])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_resizing_smooths_whatever_shrinks(size, layout):
    given = images().contiguous(memory_format=layout)
    expected = F.interpolate(given, size, mode="bilinear", antialias=True)
    assert torch.allclose(resize_images(given, size), expected, atol=1e-6)


@pytest.mark.parametrize("size", [(16, 8), (32, 16), (64, 32)])
def test_no_images_of_another_size(size):
    found = resize_images(torch.zeros(0, 3, 32, 16), size)
    assert found.shape == (0, 3, *size)
