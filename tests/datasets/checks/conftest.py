"""A clean data set, and ways to damage a copy of it."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from posegan_plugin.datasets.checks import check_people, take_inventory
from posegan_plugin.datasets.file_names import keypoint_files
from posegan_plugin.datasets.market_layout import find_market_layout
from posegan_plugin.datasets.people import PeopleOnDisk, Person, ReIDSplits
from posegan_plugin.datasets.procedural import ProceduralPeopleSpec, write_procedural_people

SPEC = ProceduralPeopleSpec(
    num_train_ids=16, num_test_ids=6, num_cameras=3, cameras_per_id=3, height=64, width=32
)


@pytest.fixture(scope="session")
def clean_root(tmp_path_factory):
    """Procedural people in Market-1501's layout; nobody may write into it."""
    return write_procedural_people(tmp_path_factory.mktemp("clean") / "people", SPEC, False)


@pytest.fixture
def root(clean_root, tmp_path):
    """A copy to be damaged."""
    return shutil.copytree(clean_root, tmp_path / "people")


@pytest.fixture(scope="session")
def inventory_of():
    """Reads a folder in Market-1501's layout with its key points."""

    def read(root, **options):
        on_disk = find_market_layout(root, options.pop("name", "market_layout"))
        files = options.pop("files", keypoint_files(root))
        return take_inventory(on_disk, files, progress=False, **options)

    return read


@pytest.fixture(scope="session")
def clean(clean_root, inventory_of):
    """The inventory of the clean people."""
    return inventory_of(clean_root)


@pytest.fixture(scope="session")
def with_poses(clean):
    """The clean people after a change of all key points at once (N, 18, 3)."""

    def build(change):
        keypoints = change(np.array(list(clean.poses.values())))
        return replace(clean, poses=dict(zip(clean.poses, keypoints, strict=True)))

    return build


@pytest.fixture
def listed(tmp_path):
    """An inventory of people given as (pid, camid) or (pid, camid, picture) in each split."""

    def build(train=(), query=(), gallery=(), **options):
        lists = []
        for split, rows in zip(("train", "query", "gallery"), (train, query, gallery), strict=True):
            lists.append([])
            for number, (pid, camid, *content) in enumerate(rows):
                path = tmp_path / f"{split}{number}.png"
                picture = content or [split, number]
                seed = list(repr(picture).encode())
                pixels = np.random.default_rng(seed).integers(0, 256, (64, 32, 3), np.uint8)
                Image.fromarray(pixels).save(path)
                lists[-1].append(Person(str(path), pid, camid))
        on_disk = PeopleOnDisk(ReIDSplits("listed", *lists), **options)
        return take_inventory(on_disk, [], needs_keypoints=False, progress=False)

    return build


@pytest.fixture(scope="session")
def faults():
    """Check -> (severity, count) of all findings."""
    return lambda inventory: {f.check: (f.severity, f.count) for f in check_people(inventory)}
