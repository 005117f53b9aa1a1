"""People listed in a csv file, wherever their images lie."""

from __future__ import annotations

import csv
from pathlib import Path

from posegan_plugin.csv_text import csv_text
from posegan_plugin.datasets.file_names import keypoint_files
from posegan_plugin.datasets.people import PeopleOnDisk, Person, ReIDSplits, number_fault
from posegan_plugin.errors import UserError
from posegan_plugin.pose import write_atomic
from posegan_plugin.text_lines import read_lines

HEADER = ("split", "path", "pid", "camid")
SPLITS = ("train", "query", "gallery")


def read_person_list(path: Path | str, name: str = "person_list") -> ReIDSplits:
    """Read a csv file of people: a header ``split,path,pid,camid`` and one row an image.

    ``split`` is ``train``, ``query`` or ``gallery``; ``path`` is absolute or relative to the csv
    file's folder; ``pid`` is the identity; ``camid`` the camera, from 0. Training identities are
    renumbered 0 .. N-1 in order.

    Args:
        path: The csv file, in UTF-8.
        name: Name given to the data set.

    Returns:
        The people in the order of the file, and the ``*annotation*.csv`` files beside it.

    Raises:
        UserError: The file cannot be read or a row is malformed; the message starts with
            ``path:line``. Whether the images are there is not looked at.
    """
    return find_person_list(path, name).checked()


def find_person_list(path: Path | str, name: str = "person_list") -> PeopleOnDisk:
    """As :func:`read_person_list`, with the training identities as they are numbered in the file."""
    path = Path(path)
    lists: dict[str, list[Person]] = {split: [] for split in SPLITS}
    rows = csv.reader((line for _, line in read_lines(path, "list of people")), strict=True)
    try:
        header = next(rows, [])
        if tuple(header) != HEADER:
            raise UserError(
                f"{path}:1: the first line is not the header {','.join(HEADER)!r}; add it"
            )
        for row in rows:
            if row:
                split, person = _parse(row, path.parent, f"{path}:{rows.line_num}")
                lists[split].append(person)
    except csv.Error as error:
        raise UserError(f"{path}:{rows.line_num}: not a csv row ({error}); correct it") from error
    if not any(lists.values()):
        raise UserError(f"{path} lists nobody: add a row for each image below the header")
    return PeopleOnDisk(ReIDSplits(name, *lists.values(), keypoint_files(path.parent)))


def write_person_list(path: Path | str, splits: ReIDSplits) -> None:
    """Write a csv file that :func:`read_person_list` reads, whole or not at all.

    Args:
        path: Where the file goes; folders are made, an existing file is replaced. Images below its
            folder get a path relative to it, others an absolute one.
        splits: The people; identities are written as they are numbered here.

    Raises:
        UserError: A path cannot be written in UTF-8, or the file cannot be written.
    """
    path = Path(path)
    folder = path.parent.absolute()
    rows: list[tuple[object, ...]] = [HEADER]
    for split in SPLITS:
        for person in getattr(splits, split):
            image = Path(person.path).absolute()
            place = image.relative_to(folder) if image.is_relative_to(folder) else image
            rows.append((split, place.as_posix(), person.pid, person.camid))
    try:
        data = csv_text(rows).encode("utf-8")
    except UnicodeEncodeError as error:
        raise UserError(
            f"{path}: an image path cannot be written in UTF-8 ({error.object[error.start]!r}); "
            "rename that image"
        ) from error
    write_atomic(path, data)


def _parse(row: list[str], folder: Path, where: str) -> tuple[str, Person]:
    if len(row) != len(HEADER):
        raise UserError(f"{where}: {len(row)} fields, not the {len(HEADER)} of the header")
    split, path, *numbers = row
    if split not in SPLITS:
        raise UserError(f"{where}: split {split!r} is none of {', '.join(SPLITS)}")
    if not path or "\0" in path:
        raise UserError(f"{where}: the path {path!r} is empty or has a zero byte")
    for key, number in zip(HEADER[2:], numbers, strict=True):
        if not (number.isascii() and number.isdigit()):
            raise UserError(f"{where}: {key} {number!r} is not a whole number from 0 up")
    if fault := number_fault(*numbers):
        raise UserError(f"{where}: {fault}")
    return split, Person(str(folder / path), *map(int, numbers))
