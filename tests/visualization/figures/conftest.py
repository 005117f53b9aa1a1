"""People of one colour each, and generators whose pictures can be told from their input."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

SIZE = (32, 16)


class People:
    """A PersonDataset without files: row n is of colour (10 n, 20, 200) and has n + 5 joints."""

    def __init__(self, pids, camids):
        count = len(pids)
        self.image_size = SIZE
        self.pids, self.camids = np.array(pids), np.array(camids)
        self.people = [SimpleNamespace(path=f"/somewhere/人 {n}.jpg") for n in range(count)]
        self.keypoints = torch.rand(count, 18, 3, generator=torch.Generator().manual_seed(0)) * 15
        self.keypoints[..., 2] = (torch.arange(18) < torch.arange(count)[:, None] + 5).float()

    @property
    def joint_counts(self):
        return (self.keypoints[..., 2] > 0).sum(1)

    def colour(self, row):
        return (10 * row, 20, 200)

    def __len__(self):
        return len(self.pids)

    def __getitem__(self, row):
        colour = torch.tensor(self.colour(row), dtype=torch.uint8)
        return {"image": colour[:, None, None].expand(3, *SIZE)}


class Generator(nn.Module):
    """Gives the condition with a constant green, and remembers what it was asked for."""

    def __init__(self, green, num_cameras=4):
        super().__init__()
        self.image_size, self.num_cameras = SIZE, num_cameras
        self.unused = nn.Parameter(torch.zeros(1))
        self.green = green
        self.asked = []

    def forward(self, condition, condition_pose, target_pose, camera=None):
        self.asked.append((condition_pose, target_pose, camera))
        image = condition.clone()
        image[:, 1] = self.green / 127.5 - 1
        return image

    def all_asked(self, what):
        return torch.cat([call[what] for call in self.asked])


class Masked(Generator):
    """With masks: two of PAAN at a quarter, two of PAGN, of given mean values."""

    def __init__(self, values):
        super().__init__(250)
        self.values = values

    def generate_with_masks(self, *arguments):
        image = self(*arguments)
        ramp = torch.linspace(0, 1, 8)[:, None].expand(len(image), 3, 8, 4)
        masks = [low + (high - low) * ramp for low, high in self.values]
        return image, masks[:2], masks[2:]


@pytest.fixture
def people():
    return People([0, 0, 1, 1, 2, 2, 3, 3], [0, 1, 0, 1, 2, 3, 1, 2])


@pytest.fixture
def generator():
    return Generator


@pytest.fixture
def masked():
    return Masked


@pytest.fixture
def box():
    """Where the pixels of a colour lie in a picture."""

    def find(picture, colour):
        found = np.argwhere((picture == colour).all(axis=2))
        assert len(found), f"no pixel of {colour}"
        (top, first), (bottom, last) = found.min(axis=0), found.max(axis=0)
        return SimpleNamespace(
            top=int(top), left=int(first), height=int(bottom - top) + 1, width=int(last - first) + 1
        )

    return find
