"""From a ``source`` key to lists of people, and to their key points."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path

import numpy as np
from mmengine.logging import print_log

from posegan_plugin.datasets import (
    ReIDSplits,
    read_image_folder,
    read_market_layout,
    read_person_list,
)
from posegan_plugin.datasets.file_names import keypoint_files
from posegan_plugin.datasets.image_folder import find_image_folder
from posegan_plugin.datasets.market_layout import find_market_layout
from posegan_plugin.datasets.people import PeopleOnDisk, without_damaged
from posegan_plugin.datasets.person_list import find_person_list
from posegan_plugin.datasets.procedural import ProceduralPeopleSpec, write_procedural_people
from posegan_plugin.errors import UserError, printable
from posegan_plugin.folders import is_file
from posegan_plugin.for_torchreid.datasets import load_torchreid_dataset
from posegan_plugin.pose import read_keypoint_csv
from posegan_plugin.pose.keypoint_names import match_keypoints

ON_ERROR = ("error", "skip")
_READERS = {
    "market_layout": (read_market_layout, find_market_layout),
    "image_folder": (read_image_folder, find_image_folder),
    "person_list": (read_person_list, find_person_list),
}


def load_people(source: dict | str, data_root: str, on_error: str = "error") -> ReIDSplits:
    """Lists of people of a ``source`` key.

    Args:
        source: A name, or a dict with ``name`` and options: ``procedural_people`` (rendered into
            ``data_root/procedural_people`` if it is not there; options of
            :class:`posegan_plugin.datasets.procedural.ProceduralPeopleSpec`), ``market_layout`` or
            ``image_folder`` (``data_root`` itself, or ``folder`` below it; see
            :func:`posegan_plugin.datasets.read_market_layout` and
            :func:`~posegan_plugin.datasets.read_image_folder`), ``person_list`` (``file`` below
            ``data_root``, default ``people.csv``; see
            :func:`~posegan_plugin.datasets.read_person_list`) or any image data set of torchreid.
        data_root: The folder that holds the data sets.
        on_error: ``error``: images are not looked at, and a damaged one stops whoever reads it.
            ``skip``: every image is decoded once, and those that cannot be are left out; see
            :func:`posegan_plugin.datasets.people.without_damaged`.

    Raises:
        UserError: Unknown name or option, or the data is not there.
    """
    if on_error not in ON_ERROR:
        raise UserError(f"dataset on_error={on_error!r} is unknown; choose 'error' or 'skip'")
    name, path, options = _located(source, data_root)
    if path is None:
        splits = load_torchreid_dataset(name, data_root, **options)
    else:
        splits = _READERS[_layout(name)][0](path, name)
    return without_damaged(splits) if on_error == "skip" else splits


def find_people(source: dict | str, data_root: str) -> PeopleOnDisk:
    """As :func:`load_people`, for looking at a data set that may have faults.

    Args:
        source: See :func:`load_people`.
        data_root: The folder that holds the data sets.

    Returns:
        What is there, images with a wrong name included. torchreid's readers stop at the first
        fault; only its ``market1501`` is read here as the folder that it is.

    Raises:
        UserError: Unknown name or option, or the data is not there.
    """
    name, path, options = _located(source, data_root)
    if name == "market1501":
        # torchreid's two places.
        outer = Path(data_root) / name
        inner = outer / "Market-1501-v15.09.15"
        return find_market_layout(inner if inner.is_dir() else outer, name)
    if path is None:
        splits = load_torchreid_dataset(name, data_root, **options)
        return PeopleOnDisk(splits, same_numbers=False)
    return _READERS[_layout(name)][1](path, name)


def _located(source: dict | str, data_root: str) -> tuple[str, Path | None, dict]:
    """Name, place (``None``: torchreid knows) and remaining options of a ``source`` key."""
    if not isinstance(data_root, str | PathLike):
        raise UserError(f"dataset data_root={data_root!r} is not the path of a folder")
    options = {"name": source} if isinstance(source, str) else source
    options = dict(options) if isinstance(options, Mapping) else {}
    name = options.pop("name", None)
    if not isinstance(name, str):
        raise UserError("dataset source needs a name, for example source='market1501'")
    if name == "procedural_people":
        try:
            spec = ProceduralPeopleSpec(**options)
        except TypeError as error:
            raise UserError(f"dataset source procedural_people: {error}") from error
        return name, write_procedural_people(Path(data_root) / "procedural_people", spec), {}
    if name not in _READERS:
        return name, None, options
    key, default = ("file", "people.csv") if name == "person_list" else ("folder", "")
    path = Path(data_root) / options.pop(key, default)
    if options:
        raise UserError(
            f"dataset source {name} has no option {next(iter(options))!r}; its only one is {key!r}"
        )
    return name, path, {}


def _layout(name: str) -> str:
    return "market_layout" if name == "procedural_people" else name


def load_posed_people(
    source: dict | str,
    data_root: str,
    keypoints: Sequence[str] | None = None,
    require_keypoints: bool = True,
    on_error: str = "error",
) -> tuple[ReIDSplits, dict[str, np.ndarray]]:
    """People and their key points; what is left out of them is listed in the log.

    Args:
        source: See :func:`load_people`.
        data_root: The folder that holds the data sets.
        keypoints: Key point files, see :func:`load_keypoints`.
        require_keypoints: Whether to read key points at all.
        on_error: What to do about images that cannot be decoded and malformed rows of key point
            files: ``error`` raises, ``skip`` leaves them out. An image whose row is left out has no
            pose.

    Returns:
        The people; key points by the names in the files, empty if they are not required.

    Raises:
        UserError: See :func:`load_people` and :func:`load_keypoints`.
    """
    splits = load_people(source, data_root, on_error)
    rows: list[str] | None = [] if on_error == "skip" else None
    poses = load_keypoints(keypoints, splits, data_root, rows) if require_keypoints else {}
    skipped = [*splits.damaged.values(), *(rows or ())]
    if skipped:
        counts = f"{len(splits.damaged)} images and {len(rows or ())} rows of key points"
        lines = [f"on_error='skip': {counts} are left out:", *map(printable, skipped)]
        print_log("\n    ".join(lines), "current", logging.WARNING)
    return splits, poses


def find_keypoint_files(
    files: Sequence[str] | None, splits: ReIDSplits, data_root: str
) -> list[Path]:
    """The key point files of a data set.

    Args:
        files: See :func:`load_keypoints`.
        splits: The people.
        data_root: The folder that holds the data sets.

    Raises:
        UserError: No list of names, or a file that is named is missing.
    """
    if files is None:
        return list(splits.keypoints) or _beside_the_images(splits)
    if not isinstance(files, list | tuple) or not all(isinstance(f, str | PathLike) for f in files):
        raise UserError(f"dataset keypoints={files!r} is not a list of file names")
    paths = [Path(data_root) / f for f in files]
    for path in paths:
        if not is_file(path):
            raise UserError(
                f"key point file {path} does not exist: put it there, or name another in the "
                "dataset's keypoints key"
            )
    return paths


def _beside_the_images(splits: ReIDSplits) -> list[Path]:
    """Those in the image folders or one above, where the data set names none (as torchreid's)."""
    people = (*splits.train, *splits.query, *splits.gallery)
    folders = {Path(p.path).parent for p in people}
    return sorted({f for d in folders for f in (*keypoint_files(d), *keypoint_files(d.parent))})


def load_keypoints(
    files: Sequence[str] | None,
    splits: ReIDSplits,
    data_root: str,
    skipped: list[str] | None = None,
) -> dict[str, np.ndarray]:
    """Key points of all images by image name.

    Args:
        files: PATN csv files below ``data_root``; ``None`` takes those that lie beside the images
            (``*annotation*.csv``, in their folder or the one above). A later file replaces poses of
            an earlier one.
        splits: The people.
        data_root: The folder that holds the data sets.
        skipped: Gets a sentence for each malformed row, see
            :func:`posegan_plugin.pose.read_keypoint_csv`; ``None`` raises it.

    Returns:
        Key points by the names in the files, see
        :func:`posegan_plugin.pose.keypoint_names.match_keypoints`.

    Raises:
        UserError: There is no file, a file is missing or malformed, or a name could belong to
            several images.
    """
    paths = find_keypoint_files(files, splits, data_root)
    if not paths:
        raise UserError(
            f"dataset {splits.name!r} has no key point files: name them in the dataset's keypoints "
            "key, relative to data_root"
        )
    keypoints: dict[str, np.ndarray] = {}
    for path in paths:
        keypoints.update(read_keypoint_csv(path, skipped))
    # Over all splits: a pose of a test image must not reach a training image of the same name. Nor
    # must one of an image that was left out.
    people = (*splits.train, *splits.query, *splits.gallery)
    match_keypoints([*(p.path for p in people), *splits.damaged], keypoints.keys())
    return keypoints
