"""The data set of a config: people with their key points."""

from __future__ import annotations

from collections.abc import Sequence

from mmengine.logging import print_log
from torch import Tensor

from posegan_plugin.datasets import PersonDataset
from posegan_plugin.errors import UserError
from posegan_plugin.for_mmengine.load_people import load_posed_people


class ReIDDataset(PersonDataset):
    """One split of a re-ID data set, as configs name it.

    Args:
        source: See :func:`load_people`.
        split: ``train``, or ``test`` for query and gallery together (query first).
        data_root: The folder that holds the data sets.
        keypoints: See :func:`load_keypoints`.
        image_size: (height, width) images are brought to.
        cache: ``False``, ``"memory"`` or ``"device"``: whether and where all decoded images are kept;
            see :class:`~posegan_plugin.datasets.PersonDataset`. The log says how much they take.
        require_keypoints: Whether key points are needed (not for a real-only baseline).
        on_error: What to do about images that cannot be decoded and malformed rows of key point
            files: ``error`` raises, ``skip`` leaves them out (of all splits) and lists them in the
            log.

    Attributes:
        splits: The people of all splits.
        num_query: With ``split='test'``, how many of the first rows are queries.
    """

    def __init__(
        self,
        source: dict | str,
        split: str,
        data_root: str = "data",
        keypoints: Sequence[str] | None = None,
        image_size: Sequence[int] = (128, 64),
        cache: bool | str = False,
        require_keypoints: bool = True,
        on_error: str = "error",
    ) -> None:
        if split not in ("train", "test"):
            raise UserError(f"dataset split={split!r} is unknown; choose 'train' or 'test'")
        self.splits, found = load_posed_people(
            source, data_root, keypoints, require_keypoints, on_error
        )
        if split == "test" and not (self.splits.query and self.splits.gallery):
            raise UserError(
                f"dataset {self.splits.name!r} has no query and gallery people to evaluate on: name "
                "another data set in val_dataloader and test_dataloader"
            )
        self._found = found
        self.num_query = 0 if split == "train" else len(self.splits.query)
        super().__init__(
            self.splits.train if split == "train" else self.splits.query + self.splits.gallery,
            found,
            image_size=image_size,
            cache=cache,
            require_keypoints=require_keypoints,
        )
        if cache:
            megabytes = f"{self.cached_bytes / 1e6:,.0f} MB"
            print_log(f"the {len(self)} decoded {split} images take {megabytes}", "current")

    def __getitem__(self, index: int) -> dict[str, object]:
        """As the base class, with ``is_query``."""
        return {**super().__getitem__(index), "is_query": index < self.num_query}

    def training_poses(self) -> Tensor:
        """Key points of all training people (M, 18, 3) in pixels of this split's images."""
        people = PersonDataset(self.splits.train, self._found, self.image_size)
        return people.keypoints

    @property
    def metainfo(self) -> dict[str, object]:
        """What mmengine hands to metrics and visualisers."""
        return {
            "dataset": self.splits.name,
            "num_identities": self.splits.num_identities,
            "num_cameras": self.splits.num_cameras,
        }
