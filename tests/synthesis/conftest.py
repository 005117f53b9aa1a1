"""Small people, small networks, and a set made of them."""

from pathlib import Path

import pytest
import torch
from torch.nn import functional as F

from posegan_plugin.datasets import PersonDataset, read_market_layout
from posegan_plugin.models import PoseTransferGenerator
from posegan_plugin.pose import read_keypoint_csv
from posegan_plugin.synthesis import Networks, SynthesisOptions, synthesize

SIZE = (32, 16)


def describe(images):
    """Mean colours of eight fields."""
    return F.adaptive_avg_pool2d(images, (4, 2)).flatten(1) + 1


def small_networks(num_cameras=3, describe=describe):
    torch.manual_seed(0)
    generator = PoseTransferGenerator(SIZE, 8, num_blocks=1, num_cameras=num_cameras)
    hashes = {"checkpoint_sha256": "c" * 64, "reid_sha256": None}
    return Networks(generator.eval().requires_grad_(False), describe, hashes)


@pytest.fixture(scope="session")
def networks():
    return small_networks()


@pytest.fixture(scope="session")
def other_networks():
    return small_networks


@pytest.fixture(scope="session")
def people(tiny):
    """72 training images of 12 people in 3 cameras, 24 test images."""
    return read_market_layout(tiny.data_root / "procedural_people")


@pytest.fixture(scope="session")
def keypoints(people):
    return {k: v for path in people.keypoints for k, v in read_keypoint_csv(path).items()}


@pytest.fixture(scope="session")
def dataset(people, keypoints):
    return PersonDataset(people.train, keypoints, SIZE)


@pytest.fixture(scope="session")
def make(people, keypoints, networks):
    """Makes a set, or goes on with it; its report."""

    def run(root, splits=people, networks=networks, process=None, workers=1, points=keypoints, **o):
        options = SynthesisOptions(**{"batch_size": 16, **o})
        return synthesize(root, splits, points, networks, options, process, workers)

    return run


@pytest.fixture(scope="session")
def content():
    """All files of a folder with their bytes."""
    return lambda root: {
        str(p.relative_to(root)): p.read_bytes() for p in Path(root).rglob("*") if p.is_file()
    }


@pytest.fixture(scope="session")
def whole(make, tmp_path_factory):
    """A set that was made at one go; nobody may change it."""
    root = tmp_path_factory.mktemp("whole") / "set"
    make(root)
    return root
