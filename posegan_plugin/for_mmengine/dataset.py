"""The data set of a config: where people come from, and their key points."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from posegan_plugin.datasets import PersonDataset, ReIDSplits, read_market_layout
from posegan_plugin.datasets.procedural import ProceduralPeopleSpec, write_procedural_people
from posegan_plugin.errors import UserError
from posegan_plugin.for_torchreid.datasets import load_torchreid_dataset
from posegan_plugin.pose import read_keypoint_csv


def load_people(source: dict | str, data_root: str) -> ReIDSplits:
    """Lists of people of a ``source`` key.

    Args:
        source: A name, or a dict with ``name`` and options: ``procedural_people`` (rendered into
            ``data_root/procedural_people`` if it is not there; options of
            :class:`posegan_plugin.datasets.procedural.ProceduralPeopleSpec`), ``market_layout``
            (``data_root`` itself, or ``folder`` below it) or any image data set of torchreid.
        data_root: The folder that holds the data sets.

    Raises:
        UserError: Unknown name or option, or the data is not there.
    """
    options = {"name": source} if isinstance(source, str) else dict(source)
    name = options.pop("name", None)
    if name == "procedural_people":
        try:
            spec = ProceduralPeopleSpec(**options)
        except TypeError as error:
            raise UserError(f"dataset source procedural_people: {error}") from error
        folder = write_procedural_people(Path(data_root) / "procedural_people", spec)
        return read_market_layout(folder, name)
    if name == "market_layout":
        return read_market_layout(Path(data_root) / options.pop("folder", ""), name)
    if not isinstance(name, str):
        raise UserError("dataset source needs a name, for example source='market1501'")
    return load_torchreid_dataset(name, data_root, **options)


def load_keypoints(
    files: Sequence[str] | None, splits: ReIDSplits, data_root: str
) -> dict[str, np.ndarray]:
    """Key points of all images by image name.

    Args:
        files: PATN csv files below ``data_root``; ``None`` takes those that lie beside the images.
        splits: The people.
        data_root: The folder that holds the data sets.

    Raises:
        UserError: There is no file, or a file is missing or malformed.
    """
    paths = splits.keypoints if files is None else [Path(data_root) / f for f in files]
    if not paths:
        raise UserError(
            f"dataset {splits.name!r} has no key point files: name them in the dataset's keypoints "
            "key, relative to data_root"
        )
    keypoints: dict[str, np.ndarray] = {}
    for path in paths:
        if not path.is_file():
            raise UserError(
                f"key point file {path} does not exist: put it there, or name another in the "
                "dataset's keypoints key"
            )
        keypoints.update(read_keypoint_csv(path))
    return keypoints


class ReIDDataset(PersonDataset):
    """One split of a re-ID data set, as configs name it.

    Args:
        source: See :func:`load_people`.
        split: ``train``, or ``test`` for query and gallery together (query first).
        data_root: The folder that holds the data sets.
        keypoints: See :func:`load_keypoints`.
        image_size: (height, width) images are brought to.
        cache: Keep decoded images in memory.
        require_keypoints: Whether key points are needed (not for a real-only baseline).

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
        cache: bool = False,
        require_keypoints: bool = True,
    ) -> None:
        if split not in ("train", "test"):
            raise UserError(f"dataset split={split!r} is unknown; choose 'train' or 'test'")
        self.splits = load_people(source, data_root)
        self.num_query = 0 if split == "train" else len(self.splits.query)
        found = load_keypoints(keypoints, self.splits, data_root) if require_keypoints else {}
        super().__init__(
            self.splits.train if split == "train" else self.splits.query + self.splits.gallery,
            found,
            image_size=tuple(image_size),
            cache=cache,
            require_keypoints=require_keypoints,
        )

    def __getitem__(self, index: int) -> dict[str, object]:
        """As the base class, with ``is_query``."""
        return {**super().__getitem__(index), "is_query": index < self.num_query}

    @property
    def metainfo(self) -> dict[str, object]:
        """What mmengine hands to metrics and visualisers."""
        return {
            "dataset": self.splits.name,
            "num_identities": self.splits.num_identities,
            "num_cameras": self.splits.num_cameras,
        }
