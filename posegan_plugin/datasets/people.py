"""Lists of people: who was seen by which camera on which image."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple


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
    """

    name: str
    train: list[Person]
    query: list[Person]
    gallery: list[Person]
    keypoints: list[Path] = field(default_factory=list)

    @property
    def num_identities(self) -> int:
        """Number of training identities."""
        return len({p.pid for p in self.train})

    @property
    def num_cameras(self) -> int:
        """Number of cameras over all three lists (their ids run from 0)."""
        return 1 + max(p.camid for p in (*self.train, *self.query, *self.gallery))
