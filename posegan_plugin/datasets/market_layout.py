"""Folders laid out as Market-1501: bounding_box_train, query, bounding_box_test."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from pathlib import Path

from posegan_plugin.datasets.file_names import keypoint_files, read_folder
from posegan_plugin.datasets.people import (
    PeopleOnDisk,
    Person,
    ReIDSplits,
    WrongName,
    labels_of,
    refuse_wrong_names,
)
from posegan_plugin.errors import UserError
from posegan_plugin.folders import is_folder

FOLDERS = ("bounding_box_train", "query", "bounding_box_test")


def read_market_layout(
    root: Path | str, name: str = "market_layout", also_train: Sequence[str] = ()
) -> ReIDSplits:
    """Read a Market-1501-like folder.

    File names start with ``PID_cCAMERA`` (``0002_c1s1_000451_03.jpg``; cameras from 1). People with
    pid -1 (junk detections) are left out; training identities are renumbered 0 .. N-1 in order.

    Args:
        root: The folder that holds ``bounding_box_train``, ``query`` and ``bounding_box_test``.
        name: Name given to the data set.
        also_train: Further folders below ``root`` of the same training identities, for example
            synthesised people; they are trained on under the same numbers.

    Returns:
        The lists, sorted by file name, and the ``*annotation*.csv`` files beside the folders.

    Raises:
        UserError: A folder is missing or holds no image, a file name cannot be read, or a further
            folder has an identity that ``bounding_box_train`` does not have.
    """
    root = Path(root)
    folders = (*FOLDERS, *also_train)
    lists = []
    for folder, (people, wrong) in zip(folders, _read_folders(root, folders), strict=True):
        refuse_wrong_names(wrong)
        if not people:
            raise UserError(
                f"{root / folder} holds no .jpg or .png image: unpack the data set there"
            )
        lists.append(people)
    train, query, gallery, *further = lists
    labels = labels_of(train)
    train = [*train, *(p for people in further for p in people)]
    strangers = [p for p in train if p.pid not in labels]
    if strangers:
        raise UserError(
            f"{strangers[0].path}: no image in {root / FOLDERS[0]} shows person {strangers[0].pid}; "
            "remove the file, or check that both folders come from the same data set"
        )
    train = [p._replace(pid=labels[p.pid]) for p in train]
    return ReIDSplits(name, train, query, gallery, keypoint_files(root))


def find_market_layout(root: Path | str, name: str = "market_layout") -> PeopleOnDisk:
    """What a Market-1501-like folder holds, with all files whose name is wrong.

    Args:
        root: As in :func:`read_market_layout`.
        name: Name given to the data set.

    Raises:
        UserError: A folder is missing.
    """
    root = Path(root)
    lists, wrong = zip(*_read_folders(root, FOLDERS), strict=True)
    return PeopleOnDisk(ReIDSplits(name, *lists, keypoint_files(root)), list(chain(*wrong)))


def _read_folders(root: Path, folders: Sequence[str]) -> list[tuple[list[Person], list[WrongName]]]:
    found = []
    for folder in folders:
        if not is_folder(root / folder):
            raise UserError(
                f"{root / folder} is not a folder: a Market-1501-like data set has the folders "
                f"{', '.join(folders)} in {root}; check data_root"
            )
        found.append(read_folder(root / folder))
    return found
