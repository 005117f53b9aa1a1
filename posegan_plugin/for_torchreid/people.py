"""The training people of a torchreid data manager as they lie on disk, with key points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from os import PathLike

import numpy as np
import torch
from torch import Tensor

from posegan_plugin.augment import PersonBatch
from posegan_plugin.datasets import PersonDataset
from posegan_plugin.errors import UserError
from posegan_plugin.for_torchreid.datasets import persons
from posegan_plugin.for_torchreid.transforms import steps_of
from posegan_plugin.images import (
    IMAGENET_MEAN,
    IMAGENET_STD,
    from_uint8,
    resize_images,
    to_imagenet,
)
from posegan_plugin.pose import PoseBank, read_keypoint_csv
from posegan_plugin.transfer import send

Keypoints = Mapping[str, np.ndarray] | Sequence[str | PathLike[str]] | str | PathLike[str]
"""Key points by image name or path, or the PATN csv files that hold them."""


class TrainPeople:
    """Training images and key points by image path, without torchreid's augmentation.

    torchreid flips, crops and erases at random and does not say what it did, so the key points of
    an image do not fit what is in the batch. Images are therefore read again: each once, here, and
    kept in memory as uint8.

    Args:
        source: An ``ImageDataManager``, or a list of (path, pid, camid) or (path, pid, camid,
            dsetid) as torchreid's data sets have it in ``train``.
        keypoints: Key points (18, 3) as x, y in pixels of the stored image and score, by image
            name or, where several images share a name, by the last parts of the path; or PATN csv
            files.
        image_size: (height, width) that images are brought to; key points follow.

    Attributes:
        dataset: The people, with identities and cameras as torchreid numbers them.
        normalize: Brings images in [-1, 1] to the normalisation of the manager's own images;
            ImageNet's for a list.

    Raises:
        UserError: No image has key points, key points by name fit several images, an image or a
            file cannot be read, or the manager's transforms do not normalise.
    """

    def __init__(
        self,
        source: object,
        keypoints: Keypoints,
        image_size: tuple[int, int] = (128, 64),
    ) -> None:
        mean, std = IMAGENET_MEAN, IMAGENET_STD
        items = source
        if hasattr(source, "train_loader"):
            items = source.train_loader.dataset.data
            mean, std = statistics_of(source)
        self.normalize = partial(to_imagenet, mean=mean, std=std)
        poses = read_keypoints(keypoints)
        self.dataset = PersonDataset(persons(items), poses, image_size, cache="memory")
        self._rows = {_key(i[0], i[3] if len(i) > 3 else 0): row for row, i in enumerate(items)}

    def rows(self, data: Mapping[str, object]) -> Tensor:
        """Rows of a batch's people in the training list (B,).

        Args:
            data: A batch of torchreid's training loader.

        Raises:
            UserError: An image of the batch is not in the training list.
        """
        paths = data["impath"]
        sources = data["dsetid"].tolist() if "dsetid" in data else [0] * len(paths)
        try:
            found = [self._rows[_key(p, d)] for p, d in zip(paths, sources, strict=True)]
        except KeyError as error:
            raise UserError(
                f"{error.args[0][0]} is in a training batch but not in the training list that the "
                "key points were read for; make the plugin's data manager after the last change of "
                "the training set"
            ) from error
        return torch.tensor(found)

    def batch(self, data: Mapping[str, object], device: torch.device | str = "cpu") -> PersonBatch:
        """The people of a batch as they lie on disk.

        Args:
            data: A batch of torchreid's training loader; its images are not used.
            device: Where the result goes.

        Returns:
            Real people with the batch's ``pid`` and ``camid``; ``indices`` are rows of
            :attr:`dataset`.
        """
        rows, device = self.rows(data), torch.device(device)
        images = torch.stack([self.dataset[row]["image"] for row in rows.tolist()])
        return PersonBatch.of_real(
            images=from_uint8(send(images, device)),
            keypoints=send(self.dataset.keypoints[rows], device),
            pids=send(data["pid"], device),
            camids=send(data["camid"], device),
            indices=send(rows, device),
        )

    def to_network(self, images: Tensor, size: tuple[int, int]) -> Tensor:
        """Images in [-1, 1] of any size as a network takes them that is trained at ``size``."""
        return self.normalize(resize_images(images, size))

    def summary(self, min_joints: int) -> str:
        """One line: how many people can be posed, and the memory that their images take."""
        megabytes = f"{self.dataset.cached_bytes / 1e6:,.0f} MB"
        return f"{self.dataset.coverage(min_joints)}; their decoded images take {megabytes}"

    def pose_bank(self, min_joints: int = 10) -> PoseBank:
        """All poses of the training people with enough joints, for ``PoseTransferAugment``."""
        people = self.dataset
        return PoseBank(
            people.keypoints,
            torch.from_numpy(people.pids),
            torch.from_numpy(people.camids),
            min_joints,
        )


def _key(path: object, dataset: object) -> tuple[str, int]:
    # One image can be in two sources, with two identities.
    return str(path), int(dataset)


def read_keypoints(keypoints: Keypoints) -> Mapping[str, np.ndarray]:
    """Key points by image name or path, read from files where they are not given.

    Raises:
        UserError: A file is missing or malformed.
    """
    if isinstance(keypoints, Mapping):
        return keypoints
    files = [keypoints] if isinstance(keypoints, str | PathLike) else keypoints
    return {name: pose for file in files for name, pose in read_keypoint_csv(file).items()}


def statistics_of(datamanager: object) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and deviation with which a data manager normalises its training images.

    Raises:
        UserError: It does not normalise.
    """
    for step in steps_of(datamanager.train_loader.dataset.transform):
        if hasattr(step, "mean") and hasattr(step, "std"):
            return tuple(map(float, step.mean)), tuple(map(float, step.std))
    raise UserError(
        "the data manager's training transforms have no Normalize step, so synthesised images "
        "cannot be brought to the scale of the real ones; add torchvision's Normalize"
    )
