"""The scores of a trained re-ID network: the same code for all rows."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import torch
from torch import Tensor

from posegan_plugin.errors import UserError
from posegan_plugin.evaluation import evaluate_features
from posegan_plugin.evaluation.mirror import mirrored
from posegan_plugin.evaluation.standard_poses import describe_in_poses, standard_poses
from posegan_plugin.evaluation.transfer_samples import in_batches, read_images
from posegan_plugin.for_mmengine.dataset import ReIDDataset
from reid.people import People
from reid.presets import Preset
from reid.trained import Trained

SCORES = ("R1", "R5", "R10", "mAP", "mINP")
_BATCH = 128


@dataclass(frozen=True, order=True)
class Views:
    """What a descriptor is averaged over besides the image.

    Attributes:
        poses: Number of standard poses.
        mirror: Whether mirror images of all count as much as the images.
    """

    poses: int = 0
    mirror: bool = False

    @classmethod
    def parse(cls, text: str) -> Views:
        """From ``K``, ``mirror`` or ``K+mirror``.

        Raises:
            ValueError: It is none of these.
        """
        found = re.fullmatch(r"(\d+)(\+mirror)?|mirror", text)
        if not found:
            raise ValueError(f"{text} is neither a number, nor mirror, nor a number+mirror")
        return cls(int(found[1] or 0), text.endswith("mirror"))

    def __str__(self) -> str:
        if not self.mirror:
            return str(self.poses)
        return f"{self.poses}+mirror" if self.poses else "mirror"

    @property
    def label(self) -> str:
        """As a reader knows the test."""
        parts = [f"{self.poses} poses"] * bool(self.poses) + ["mirror"] * self.mirror
        return " and ".join(parts) or "image"


class Scorer:
    """Scores on the query and gallery people of a data set, with Market-1501's protocol.

    Args:
        people: Whose query and gallery.
        preset: The size of the images.
        device: Where networks run.
    """

    def __init__(self, people: People, preset: Preset, device: str) -> None:
        self._people = people
        self._size = preset.image_size
        self._device = torch.device(device)

    @cached_property
    def _test(self) -> ReIDDataset:
        return self._dataset("test")

    def _dataset(self, split: str) -> ReIDDataset:
        root = str(self._people.root)
        return ReIDDataset("market1501", split, root, image_size=self._size, cache=True)

    def plain(self, trained: Trained) -> dict[str, float]:
        """Scores in percent, by Euclidean distance of the descriptors, as torchreid's."""
        return self._scores(lambda rows: trained.describe(read_images(self._test, rows)))

    def averaged(self, trained: Trained, views: Views) -> dict[str, float]:
        """Scores of unit descriptors that are averaged over several views of a person.

        Args:
            trained: Its generator draws the poses.
            views: Which; poses need a generator.

        Raises:
            UserError: There is no generator.
        """
        if views.mirror:
            trained = replace(trained, describe=mirrored(trained.describe))
            if not views.poses:
                return self.plain(trained)
        return self._posed(trained, views.poses)

    def _posed(self, trained: Trained, count: int) -> dict[str, float]:
        if count and trained.generator is None:
            raise UserError(
                "--poses needs a generator for rows that have none of their own: give --generator"
            )
        poses = self._poses(count) if count else torch.zeros(0, 18, 3)

        def describe(rows: Tensor, keypoints: Tensor) -> Tensor:
            images = read_images(self._test, rows)
            return describe_in_poses(trained.describe, trained.generator, images, keypoints, poses)

        return self._scores(describe, self._test.keypoints)

    def _poses(self, count: int) -> Tensor:
        return standard_poses(self._dataset("train").keypoints, count)

    def _scores(self, describe: Callable[..., Tensor], *values: Tensor) -> dict[str, float]:
        """Scores of descriptors of rows of the test people and of what belongs to these."""
        people, queries = self._test, self._test.num_query
        rows = torch.arange(len(people))
        options = {"size": _BATCH, "device": self._device, "label": "Descriptors"}
        features = in_batches(describe, rows, *values, **options)
        ids = (people.pids[:queries], people.pids[queries:])
        cameras = (people.camids[:queries], people.camids[queries:])
        found = evaluate_features(features[:queries], features[queries:], *ids, *cameras)
        ranks = {f"R{k}": 100 * found.rank(k) for k in (1, 5, 10)}
        return ranks | {"mAP": 100 * float(found.mAP), "mINP": 100 * float(found.mINP)}
