"""Lists of people: who was seen by which camera on which image."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from posegan_plugin.errors import UserError
from posegan_plugin.image_files import find_damaged

_MAX_PID_DIGITS, _MAX_CAMERA_DIGITS = 18, 5


class Person(NamedTuple):
    """One image of one person.

    Attributes:
        path: The image file.
        pid: Identity; in a training list 0 .. N-1.
        camid: Camera, from 0.
    """

    path: str
    pid: int
    camid: int


@dataclass(frozen=True)
class ReIDSplits:
    """The three lists of a re-ID data set and where its key points lie.

    Attributes:
        name: Name of the data set.
        train: People to train on.
        query: People to look for.
        gallery: People to look among; other identities than the training people.
        keypoints: Key point files (PATN csv) that cover the images.
        damaged: Images that were left out -> why, one sentence.
    """

    name: str
    train: list[Person]
    query: list[Person]
    gallery: list[Person]
    keypoints: list[Path] = field(default_factory=list)
    damaged: dict[str, str] = field(default_factory=dict)

    @property
    def num_identities(self) -> int:
        """Number of training identities."""
        return len({p.pid for p in self.train})

    @property
    def num_cameras(self) -> int:
        """Number of cameras over all three lists (their ids run from 0)."""
        return 1 + max(p.camid for p in (*self.train, *self.query, *self.gallery))


def number_fault(pid: str, camid: str) -> str | None:
    """What is wrong with the digits of identity and camera; ``None`` if nothing is.

    An identity has to fit into 64 bits. Cameras are counted up to the largest, and a generator may
    have a layer input for each.
    """
    if len(pid) > _MAX_PID_DIGITS:
        return f"the identity has more than {_MAX_PID_DIGITS} digits"
    if len(camid) > _MAX_CAMERA_DIGITS:
        return f"the camera has more than {_MAX_CAMERA_DIGITS} digits"
    return None


class WrongName(NamedTuple):
    """An image file whose name does not say who is on it.

    Attributes:
        path: The file.
        reason: What is wrong with its name.
    """

    path: str
    reason: str


@dataclass(frozen=True)
class PeopleOnDisk:
    """What a data set's folders or list hold, faults included.

    Attributes:
        splits: The people that can be read; training identities have the numbers they have on disk.
        wrong: The other image files.
        same_numbers: Whether a number means the same identity in training and test lists, so that
            the two can be compared.
    """

    splits: ReIDSplits
    wrong: list[WrongName] = field(default_factory=list)
    same_numbers: bool = True

    def checked(self) -> ReIDSplits:
        """The people to train with: training identities numbered 0 .. N-1 in order.

        Raises:
            UserError: A file has a wrong name.
        """
        refuse_wrong_names(self.wrong)
        labels = labels_of(self.splits.train)
        return replace(
            self.splits, train=[p._replace(pid=labels[p.pid]) for p in self.splits.train]
        )


def without_damaged(splits: ReIDSplits) -> ReIDSplits:
    """The people whose images can be decoded, and why the others are left out.

    Training identities are numbered anew, so that none is left without an image.

    Args:
        splits: The people; every image is decoded once.

    Raises:
        UserError: Nobody is left to train on.
    """
    lists = {key: getattr(splits, key) for key in ("train", "query", "gallery")}
    damaged = find_damaged(person.path for people in lists.values() for person in people)
    if not damaged:
        return splits
    lists = {key: [p for p in people if p.path not in damaged] for key, people in lists.items()}
    if splits.train and not lists["train"]:
        raise UserError(
            f"none of the {len(splits.train)} training images of {splits.name!r} can be decoded: "
            f"{next(iter(damaged.values()))}"
        )
    labels = labels_of(lists["train"])
    lists["train"] = [p._replace(pid=labels[p.pid]) for p in lists["train"]]
    return replace(splits, **lists, damaged=damaged)


def labels_of(people: list[Person]) -> dict[int, int]:
    """Identity -> label 0 .. N-1, in the order of the identities."""
    return {pid: label for label, pid in enumerate(sorted({p.pid for p in people}))}


def refuse_wrong_names(wrong: list[WrongName]) -> None:
    """Say which file has a wrong name.

    Raises:
        UserError: There is one.
    """
    if wrong:
        count = f" ({len(wrong)} such files: tools/check_dataset.py lists them)"
        raise UserError(
            f"{wrong[0].path}: {wrong[0].reason}; rename or remove the file"
            f"{count if len(wrong) > 1 else ''}"
        )
