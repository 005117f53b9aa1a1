"""Numbers and file names of the people in the output: integers only, so that none can collide."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from posegan_plugin.datasets import Person, ReIDSplits
from posegan_plugin.datasets.file_names import pid_in_name

REAL, SYNTHESISED = 1, 0
"""Market-1501's sequence number ``s``: it starts at 1, so 0 marks a synthesised image."""


class IdentityNumbers(NamedTuple):
    """The numbers that identities get in file names.

    Attributes:
        train: By label of the training list.
        test: By pid of query and gallery.
    """

    train: dict[int, int]
    test: dict[int, int]


def identity_numbers(splits: ReIDSplits) -> IdentityNumbers:
    """Number the identities of a data set, as its own file names do where they say PID_cCAMERA.

    Where they do not, or not consistently, training identities are numbered from 1 in the order of
    their labels and the others after them: 0 and -1 mean junk to many readers of Market-1501.

    Args:
        splits: The people; those with a negative pid (junk) get no number.
    """
    train = [p for p in splits.train if p.pid >= 0]
    test = [p for p in (*splits.query, *splits.gallery) if p.pid >= 0]
    named = [_numbers_in_names(people) for people in (train, test)]
    if None not in named:
        return IdentityNumbers(*named)
    labels, pids = ({p.pid for p in people} for people in (train, test))
    first = 1 + len(labels)
    return IdentityNumbers(
        {label: number for number, label in enumerate(sorted(labels), start=1)},
        {pid: number for number, pid in enumerate(sorted(pids), start=first)},
    )


def image_name(number: int, camid: int, sequence: int, index: int, frame: int, suffix: str) -> str:
    """A file name as Market-1501 has them, ``0002_c1s1_000451_03.jpg``.

    Args:
        number: The identity.
        camid: The camera, from 0; it is written from 1.
        sequence: ``REAL`` or ``SYNTHESISED``.
        index: Running number of the image, or of the image a synthesised one was made of.
        frame: Running number of the pose, 0 for a real image.
        suffix: ``.jpg`` or ``.png``.
    """
    return f"{number:04d}_c{camid + 1}s{sequence}_{index:06d}_{frame:02d}{suffix}"


def relative_paths(paths: Sequence[str]) -> list[str]:
    """Paths relative to the innermost folder that holds all of them, with ``/``.

    A data set that is moved, or named from another folder, keeps these paths.
    """
    absolute = [str(Path(path).absolute()) for path in paths]
    try:
        common = os.path.commonpath([str(Path(path).parent) for path in absolute])
    except ValueError:  # several drives, or no path at all
        return [Path(path).as_posix() for path in absolute]
    return [Path(path).relative_to(common).as_posix() for path in absolute]


def _numbers_in_names(people: Iterable[Person]) -> dict[int, int] | None:
    """Pid -> number in the file names; ``None`` where the two do not go one to one."""
    numbers: dict[int, int] = {}
    for person in people:
        number = pid_in_name(Path(person.path).name)
        if number is None or numbers.setdefault(person.pid, number) != number:
            return None
    return numbers if len(set(numbers.values())) == len(numbers) else None
