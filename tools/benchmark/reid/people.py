"""Who is trained and tested on: any folder in Market-1501's layout, and a part of it to tune on."""

from __future__ import annotations

import os
import re
import shutil
import uuid
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from harness import people_hash

from posegan_plugin.datasets import Person, read_market_layout
from posegan_plugin.datasets.procedural import ProceduralPeopleSpec, write_procedural_people
from posegan_plugin.errors import UserError
from posegan_plugin.folders import is_folder
from reid.presets import Preset

LAYOUT = Path("market1501", "Market-1501-v15.09.15")
"""Where torchreid looks for Market-1501 below its ``root``."""
_TRAIN, _QUERY, _GALLERY = "bounding_box_train", "query", "bounding_box_test"
_HELD_OUT = 5  # every fifth training identity is tuned on


@dataclass(frozen=True)
class People:
    """A data set that torchreid and mmengine read as ``market1501``.

    Attributes:
        root: ``root`` of torchreid, ``data_root`` of mmengine.
    """

    root: Path

    @property
    def folder(self) -> Path:
        """The folder in Market-1501's layout."""
        return self.root / LAYOUT

    @property
    def keypoints(self) -> list[str]:
        """The key point files, absolute: torchreid's others are below its ``root``."""
        return [str(f) for f in sorted(self.folder.absolute().glob("*annotation*.csv"))]

    @cached_property
    def digest(self) -> str:
        """Hash of all images and key points."""
        return people_hash(read_market_layout(self.folder), self.keypoints)


def find_people(data: str, data_root: Path, preset: Preset, work: Path) -> People:
    """The people to compare on; nothing is copied.

    Args:
        data: ``market``: ``data_root`` is a folder in Market-1501's layout, or holds one where
            torchreid expects it. ``procedural``: people that the package renders into ``work``.
        data_root: See ``data``.
        preset: How large procedural people are, and how many.
        work: Where links and procedural people go.

    Raises:
        UserError: There are no such people, or they have no key points, or ``work`` has a name that
            torchreid takes for a person's.
    """
    if re.search(r"[-\d]+_c\d", str(work.absolute())):  # it searches the whole path of an image
        raise UserError(
            f"--work-dir {work}: torchreid reads identity and camera from the first NUMBER_cNUMBER in "
            "a path; give a folder without one"
        )
    if data == "procedural":
        height, width = preset.image_size
        # At most as large as Market-1501's.
        spec = ProceduralPeopleSpec(height=min(height, 128), width=min(width, 64), **preset.people)
        people = People(work / "people")
        write_procedural_people(people.folder, spec)
        return people
    for folder in (data_root / LAYOUT, data_root / LAYOUT.parent, data_root):
        if is_folder(folder / _TRAIN):
            return _linked(_absolute(folder), work / "people")
    raise UserError(
        f"--data-root {data_root}: neither it nor {data_root / LAYOUT} has a folder {_TRAIN}; unpack "
        "a data set in Market-1501's layout there"
    )


def held_out_people(people: People, root: Path) -> People:
    """A data set to tune on: no image of a test person is in it.

    Every fifth training identity is searched for instead of trained on. Of each of their cameras with
    several images the first is a query, the others are the gallery.

    Args:
        people: Their training people are divided.
        root: Where links to the images go.
    """
    found = People(root)
    if found.folder.is_dir():
        return found
    train = read_market_layout(people.folder).train
    part = root.with_name(f".{root.name}.part-{uuid.uuid4().hex[:8]}")
    for split, person in _divided(train):
        _link(Path(person.path), part / LAYOUT / split)
    for file in people.keypoints:
        _link(Path(file), part / LAYOUT)
    try:
        part.replace(root)
    except OSError:  # another process was quicker
        shutil.rmtree(part)
        if not found.folder.is_dir():
            raise
    return found


def _divided(train: list[Person]) -> list[tuple[str, Person]]:
    seen = defaultdict(list)
    divided = []
    for person in train:
        if person.pid % _HELD_OUT:
            divided.append((_TRAIN, person))
        else:
            seen[person.pid, person.camid].append(person)
    for first, *others in seen.values():
        divided.append((_QUERY if others else _GALLERY, first))
        divided += [(_GALLERY, person) for person in others]
    return divided


def _linked(folder: Path, root: Path) -> People:
    people = People(root)
    if not people.folder.is_symlink():
        _link(folder, people.folder.parent, people.folder.name)
    elif people.folder.readlink() != folder:
        raise UserError(
            f"{people.folder} is of another data set, {people.folder.readlink()}: give another "
            "--work-dir"
        )
    if not people.keypoints:
        raise UserError(
            f"{folder} has no key points (*annotation*.csv): find them with tools/annotate_poses.py"
        )
    return people


def _link(file: Path, folder: Path, name: str | None = None) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / (name or file.name)).symlink_to(_absolute(file))


def _absolute(path: Path) -> Path:
    """Without ``..``, links kept."""
    return Path(os.path.abspath(path))  # noqa: PTH100
