"""File names that say who is on an image and which camera took it, as Market-1501's do."""

from __future__ import annotations

import re
from pathlib import Path

from posegan_plugin.datasets.people import Person, WrongName, number_fault
from posegan_plugin.folders import files_in

_NAME = re.compile(r"(-?\d+)_c(\d+)")
_SUFFIXES = {".jpg", ".jpeg", ".png"}


def read_folder(folder: Path, recursive: bool = False) -> tuple[list[Person], list[WrongName]]:
    """The people of a folder of images named ``PID_cCAMERA...`` (``0002_c1s1_000451_03.jpg``).

    Cameras are numbered from 1 in names, from 0 in the result. People with a pid below 0 (junk
    detections) are left out.

    Args:
        folder: An existing folder; files other than .jpg, .jpeg and .png are passed over.
        recursive: Whether folders in the folder are read too.

    Returns:
        The people sorted by path, and the images whose name says no pid or camera.

    Raises:
        UserError: The folder cannot be read.
    """
    people, wrong = [], []
    for path in files_in(folder, recursive):
        if path.suffix.lower() not in _SUFFIXES:
            continue
        match = _NAME.match(path.name)
        if match is None:
            reason = "the name does not start with PID_cCAMERA (as 0002_c1s1_000451_03.jpg)"
            wrong.append(WrongName(str(path), reason))
        elif fault := number_fault(*match.groups()):
            wrong.append(WrongName(str(path), fault))
        elif int(match[2]) < 1:
            wrong.append(WrongName(str(path), f"cameras are numbered from 1, not {int(match[2])}"))
        elif int(match[1]) >= 0:
            people.append(Person(str(path), int(match[1]), int(match[2]) - 1))
    return people, wrong


def pid_in_name(name: str) -> int | None:
    """The identity that a file name ``PID_cCAMERA...`` gives; ``None`` for other names."""
    match = _NAME.match(name)
    return int(match[1]) if match and not number_fault(*match.groups()) else None


def keypoint_files(folder: Path) -> list[Path]:
    """The key point files that lie in a folder: ``*annotation*.csv``, sorted."""
    return sorted(folder.glob("*annotation*.csv"))
