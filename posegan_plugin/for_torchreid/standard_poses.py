"""torchreid's test with people that are also described in standard poses."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from posegan_plugin.datasets import PersonDataset
from posegan_plugin.errors import UserError
from posegan_plugin.evaluation.standard_poses import describe_in_poses, standard_poses
from posegan_plugin.for_torchreid.datasets import persons
from posegan_plugin.for_torchreid.people import Keypoints, read_keypoints, statistics_of
from posegan_plugin.images import from_imagenet, resize_images, to_imagenet
from posegan_plugin.training import unwrap
from posegan_plugin.transfer import send


class StandardPoses:
    """Describes the test people of a data manager in poses of its training people.

    Give it to an engine of this plugin as ``standard_poses``; see
    :func:`posegan_plugin.evaluation.standard_poses.describe_in_poses`.

    Args:
        datamanager: torchreid's ``ImageDataManager``, wrapped or not.
        generator: A trained generator; it is moved to where the engine's images are.
        keypoints: Key points of training and test images; see
            :class:`posegan_plugin.for_torchreid.TrainPeople`.
        count: How many poses, at least 1.

    Raises:
        UserError: No training or no test image has key points, or there are too few poses.
    """

    def __init__(
        self, datamanager: object, generator: nn.Module, keypoints: Keypoints, count: int
    ) -> None:
        self.generator = unwrap(generator)
        self._size = (datamanager.height, datamanager.width)
        self._mean, self._std = statistics_of(datamanager)
        found = read_keypoints(keypoints)
        loaders = [x for parts in datamanager.test_loader.values() for x in parts.values()]
        tested = [item for loader in loaders for item in loader.dataset.data]
        train = self._people(datamanager.train_loader.dataset.data, found)
        self.poses = standard_poses(train.keypoints, count)
        test = self._people(tested, found)
        if not test.joint_counts.any():
            raise UserError(
                f"standard poses: none of the {len(test)} test images has key points; name the key "
                "point files of query and gallery beside those of the training images"
            )
        self._keypoints = {p.path: k for p, k in zip(test.people, test.keypoints, strict=True)}

    def _people(self, items: Sequence[tuple], keypoints: Keypoints) -> PersonDataset:
        return PersonDataset(persons(items), keypoints, self._size, require_keypoints=False)

    @torch.no_grad()
    def describe(
        self, extract: Callable[[Tensor], Tensor], images: Tensor, paths: Sequence[str]
    ) -> Tensor:
        """Descriptors of a test batch.

        Args:
            extract: Descriptors (B, D) of images as the data manager's batches have them.
            images: The batch's (B, 3, H, W).
            paths: Its ``impath``.

        Returns:
            (B, D) of length one.
        """
        keypoints = torch.stack([self._keypoints[path] for path in paths])
        self.generator.to(images.device).eval()

        def describe(people: Tensor) -> Tensor:
            sized = resize_images(people, self._size)
            return extract(to_imagenet(sized, self._mean, self._std)).float()

        return describe_in_poses(
            describe,
            self.generator,
            from_imagenet(images, self._mean, self._std),
            send(keypoints, images.device),
            self.poses,
        )
