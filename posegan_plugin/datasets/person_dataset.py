"""Re-ID people with key points as a torch data set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from posegan_plugin.datasets.people import Person
from posegan_plugin.datasets.read_images import read_all_images, read_image
from posegan_plugin.errors import UserError
from posegan_plugin.image_files import image_size
from posegan_plugin.pose import NUM_JOINTS, count_joints, resize_keypoints
from posegan_plugin.pose.keypoint_names import match_keypoints

CACHES = (False, True, "memory", "device")
"""Values of ``cache``."""
_MAX_SIZE = 1 << 14


class PersonDataset(Dataset):
    """Images of one size with identity, camera and key points.

    Nothing here is random: flips, crops and erasing happen on the training device, where a whole
    batch costs as much as one image. A run that goes on after an interruption therefore sees the
    same data whatever the number of workers.

    Args:
        people: Who is on which image.
        keypoints: Image path, or the last parts of it -> float32 (18, 3): x, y in pixels of the
            stored image, score; see :func:`posegan_plugin.pose.keypoint_names.match_keypoints`.
            People without an entry have no joints; they train the re-ID network but are never a
            condition or a target.
        image_size: (height, width) that images are brought to; key points follow.
        cache: ``False`` decodes an image whenever it is asked for. ``"memory"`` (or ``True``) decodes
            all now, once, and keeps them as bytes, 3 H W for each image; the worker processes of a
            loader share that memory, but handing its images out takes so little that a loader is
            faster without workers. ``"device"`` keeps them on the GPU instead (in memory where there
            is none), for a loader without workers only.
        require_keypoints: Whether it is an error if no image at all has key points.

    Raises:
        UserError: ``image_size`` or ``cache`` is none, an image cannot be read, key points could
            belong to several images, no image has key points though they are required, or the images
            to keep do not fit into the memory.
    """

    def __init__(
        self,
        people: Sequence[Person],
        keypoints: Mapping[str, np.ndarray],
        image_size: tuple[int, int] = (128, 64),
        cache: bool | str = False,
        require_keypoints: bool = True,
    ) -> None:
        self.people = list(people)
        self.image_size = _checked_size(image_size)
        self.pids = np.array([p.pid for p in self.people], dtype=np.int64)
        self.camids = np.array([p.camid for p in self.people], dtype=np.int64)
        self.keypoints = self._scaled(keypoints)
        if require_keypoints and self.people and not bool((self.joint_counts > 0).any()):
            raise UserError(
                f"none of the {len(self.people)} images in {Path(self.people[0].path).parent} has "
                "key points: the names in the key point file are others than the images'; check "
                "the dataset's keypoints key"
            )
        self._cached = self._read_all(cache)

    @property
    def joint_counts(self) -> Tensor:
        """Visible joints of every person (M,)."""
        return count_joints(self.keypoints)

    def coverage(self, min_joints: int) -> str:
        """One line that says how many people can be posed."""
        counts = self.joint_counts
        return (
            f"{int((counts >= min_joints).sum())} of {len(counts)} people have at least "
            f"{min_joints} joints, {int((counts == 0).sum())} have none"
        )

    def __len__(self) -> int:
        return len(self.people)

    def __getitem__(self, index: int) -> dict[str, object]:
        """Person ``index``.

        Returns:
            ``image`` uint8 (3, H, W) RGB, on the device of ``cache``; ``keypoints`` float32 (18, 3);
            ``pid``, ``camid``, ``index`` int.
        """
        person = self.people[index]
        return {
            "image": self._image(index),
            "keypoints": self.keypoints[index],
            "pid": person.pid,
            "camid": person.camid,
            "index": index,
        }

    @property
    def cached_bytes(self) -> int:
        """How much memory ``cache`` takes."""
        return 0 if self._cached is None else self._cached.nbytes

    def _image(self, index: int) -> Tensor:
        if self._cached is None:
            return read_image(self.people[index].path, self.image_size)
        # Not a view: whoever changed it would change the cache, or hand all of it to a process.
        return self._cached[index].clone()

    def _read_all(self, cache: bool | str) -> Tensor | None:
        if cache not in CACHES:
            raise UserError(
                f"dataset cache={cache!r} is unknown; choose False, 'memory' or 'device'"
            )
        if not cache:
            return None
        device = "cuda" if cache == "device" and torch.cuda.is_available() else "cpu"
        return read_all_images([p.path for p in self.people], self.image_size, device)

    def _scaled(self, keypoints: Mapping[str, np.ndarray]) -> Tensor:
        """Key points of all people in pixels of ``image_size``."""
        scaled = torch.zeros(len(self.people), NUM_JOINTS, 3)
        names = match_keypoints([p.path for p in self.people], keypoints)
        for row, person in enumerate(self.people):
            stored = image_size(person.path)
            if person.path in names:
                found = np.asarray(keypoints[names[person.path]], dtype=np.float32)
                scaled[row] = resize_keypoints(torch.from_numpy(found), stored, self.image_size)
        return scaled


def _checked_size(size: object) -> tuple[int, int]:
    if (
        not isinstance(size, list | tuple)
        or len(size) != 2
        or not all(isinstance(n, int) and 0 < n <= _MAX_SIZE for n in size)
    ):
        raise UserError(
            f"dataset image_size={size!r} is not (height, width) in pixels, from 1 to {_MAX_SIZE}"
        )
    return tuple(size)
