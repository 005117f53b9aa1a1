import pytest
import torch

from posegan_plugin.evaluation.mirror import mirrored


def first_and_last_column(images):
    return images[:, 0, 0][:, [0, -1]]


def test_unit_descriptors_of_an_image_and_its_mirror_image():
    images = torch.tensor([[3.0, 9.0, 4.0], [0.0, 9.0, 2.0]])[:, None, None].expand(2, 3, 2, 3)
    found = mirrored(first_and_last_column)(images)
    # (3, 4) / 5 and (4, 3) / 5; (0, 1) and (1, 0)
    assert found.tolist() == [pytest.approx([0.5**0.5] * 2)] * 2
    assert torch.equal(mirrored(first_and_last_column)(images.flip(3)), found)


def test_nobody():
    assert mirrored(first_and_last_column)(torch.zeros(0, 3, 2, 3)).shape == (0, 2)
