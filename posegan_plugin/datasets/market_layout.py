"""Folders laid out as Market-1501: bounding_box_train, query, bounding_box_test."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from posegan_plugin.datasets.people import Person, ReIDSplits
from posegan_plugin.errors import UserError

FOLDERS = ("bounding_box_train", "query", "bounding_box_test")
_NAME = re.compile(r"(-?\d+)_c(\d+)")
_SUFFIXES = {".jpg", ".jpeg", ".png"}


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
    lists = []
    folders = (*FOLDERS, *also_train)
    for folder in folders:
        if not (root / folder).is_dir():
            raise UserError(
                f"{root / folder} is not a folder: a Market-1501-like data set has the folders "
                f"{', '.join(folders)} in {root}; check data_root"
            )
        people = _read_folder(root / folder)
        if not people:
            raise UserError(
                f"{root / folder} holds no .jpg or .png image: unpack the data set there"
            )
        lists.append(people)
    train, query, gallery, *further = lists
    labels = {pid: label for label, pid in enumerate(sorted({p.pid for p in train}))}
    train = [*train, *(p for people in further for p in people)]
    strangers = [p for p in train if p.pid not in labels]
    if strangers:
        raise UserError(
            f"{strangers[0].path}: no image in {root / FOLDERS[0]} shows person {strangers[0].pid}; "
            "remove the file, or check that both folders come from the same data set"
        )
    train = [p._replace(pid=labels[p.pid]) for p in train]
    return ReIDSplits(name, train, query, gallery, sorted(root.glob("*annotation*.csv")))


def _read_folder(folder: Path) -> list[Person]:
    people = []
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() not in _SUFFIXES:
            continue
        match = _NAME.match(path.name)
        if match is None:
            raise UserError(
                f"{path}: the name does not start with PID_cCAMERA (as 0002_c1s1_000451_03.jpg); "
                "rename or remove the file"
            )
        pid, camera = int(match[1]), int(match[2])
        if camera < 1:
            raise UserError(f"{path}: cameras are numbered from 1, not {camera}; rename the file")
        if pid >= 0:
            people.append(Person(str(path), pid, camera - 1))
    return people
