"""Everything the checks look at, read once: lists of people, images, key points."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from posegan_plugin.datasets.people import PeopleOnDisk, Person
from posegan_plugin.errors import UserError
from posegan_plugin.image_files import decode_image
from posegan_plugin.pose import NUM_JOINTS, read_keypoint_csv
from posegan_plugin.pose.keypoint_names import find_keypoints

SPLITS = ("train", "query", "gallery")


class ImageFile(NamedTuple):
    """What lies under a path.

    Attributes:
        size: (height, width); ``None`` if the file cannot be decoded.
        digest: Of its bytes; equal for identical files.
    """

    size: tuple[int, int] | None
    digest: bytes = b""


class PosedPeople(NamedTuple):
    """The images that can be decoded and have key points.

    Attributes:
        paths: The images, N.
        keypoints: float32 (N, 18, 3): x, y in pixels of the image, score.
        sizes: float32 (N, 2): height and width.
    """

    paths: list[str]
    keypoints: np.ndarray
    sizes: np.ndarray

    @property
    def there(self) -> np.ndarray:
        """Booleans (N, 18): which joints were found."""
        return self.keypoints[..., 2] > 0


@dataclass(frozen=True)
class Inventory:
    """A data set with all its faults.

    Attributes:
        on_disk: Who is on which image, and images with a wrong name.
        images: Image path -> what lies there.
        poses: Name in a key point file -> key points (18, 3).
        names: Image path -> name of its key points.
        shared_names: Names that fit several pictures -> their paths.
        broken_files: Why key point files cannot be read, one sentence each.
        min_joints: Joints that a person needs to be posed.
        needs_keypoints: Whether the training needs key points at all.
    """

    on_disk: PeopleOnDisk
    images: dict[str, ImageFile]
    poses: dict[str, np.ndarray] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    shared_names: dict[str, list[str]] = field(default_factory=dict)
    broken_files: list[str] = field(default_factory=list)
    min_joints: int = 10
    needs_keypoints: bool = True

    @property
    def lists(self) -> dict[str, list[Person]]:
        """Split -> its people."""
        return {split: getattr(self.on_disk.splits, split) for split in SPLITS}

    def rows(self) -> Iterator[tuple[str, Person]]:
        """(split, person) of all rows of all lists."""
        return ((split, person) for split, people in self.lists.items() for person in people)

    def joint_counts(self, people: Collection[Person]) -> np.ndarray:
        """Joints of people (N,), 0 for those without key points."""
        poses = (self.poses.get(self.names.get(p.path, "")) for p in people)
        return np.array([0 if pose is None else (pose[:, 2] > 0).sum() for pose in poses], int)

    @cached_property
    def posed(self) -> PosedPeople:
        """The images with key points."""
        paths = [path for path in self.images if path in self.names and self.images[path].size]
        keypoints = np.array([self.poses[self.names[p]] for p in paths], np.float32)
        sizes = np.array([self.images[p].size for p in paths], np.float32)
        return PosedPeople(paths, keypoints.reshape(-1, NUM_JOINTS, 3), sizes.reshape(-1, 2))


def take_inventory(
    on_disk: PeopleOnDisk,
    keypoint_files: Sequence[Path],
    min_joints: int = 10,
    needs_keypoints: bool = True,
    workers: int | None = None,
    progress: bool = True,
) -> Inventory:
    """Read all images (decoding them whole) and all key points.

    Args:
        on_disk: The people.
        keypoint_files: PATN csv files; a later one replaces poses of an earlier one.
        min_joints: Joints that a person needs to be posed.
        needs_keypoints: Whether the training needs key points at all.
        workers: Threads; ``None`` takes one for each processor.
        progress: Whether to show a progress bar.
    """
    poses, broken = _read_poses(keypoint_files)
    splits = on_disk.splits
    paths = list(dict.fromkeys(p.path for p in (*splits.train, *splits.query, *splits.gallery)))
    with ThreadPoolExecutor(workers or os.cpu_count()) as pool:
        read = pool.map(_read_image, paths)
        bar = tqdm(read, "images", len(paths), disable=not progress, unit="img")
        images = dict(zip(paths, bar, strict=True))
    names, shared = find_keypoints(paths, poses.keys())
    return Inventory(on_disk, images, poses, names, shared, broken, min_joints, needs_keypoints)


def _read_poses(files: Sequence[Path]) -> tuple[dict[str, np.ndarray], list[str]]:
    poses, broken = {}, []
    for file in files:
        try:
            poses.update(read_keypoint_csv(file))
        except UserError as error:  # noqa: PERF203 - a handful of files
            broken.append(str(error))
    return poses, broken


def _read_image(path: str) -> ImageFile:
    try:
        size = decode_image(path).shape[:2]  # refuses what cannot be read to its end, as a pipe
        return ImageFile(size, hashlib.blake2b(Path(path).read_bytes(), digest_size=16).digest())
    except (UserError, OSError):  # the second: removed or changed in between
        return ImageFile(None)
