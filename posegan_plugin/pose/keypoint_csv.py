"""Key point files in the csv format of Pose-Attentional Transfer Networks (PATN).

The format, with y before x and -1 for a joint that is missing::

    name:keypoints_y:keypoints_x
    0001_c1s1_000151_01.jpg: [13, 27, ... 18 numbers]: [46, 32, ... 18 numbers]
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping

import numpy as np

from posegan_plugin.errors import UserError
from posegan_plugin.pose.files import write_atomic
from posegan_plugin.pose.numbers import to_floats
from posegan_plugin.pose.skeleton import NUM_JOINTS
from posegan_plugin.text_lines import read_lines

HEADER = "name:keypoints_y:keypoints_x"
_MAX_PIXEL = 1_000_000


def read_keypoint_csv(
    path: str | os.PathLike[str], skipped: list[str] | None = None
) -> dict[str, np.ndarray]:
    """Read the key points of every image named in a PATN csv file.

    A joint is missing when its x or its y is negative. Blank lines, a byte order mark and Windows
    line ends are accepted; image names may contain colons and spaces and are kept as they stand.

    Args:
        path: The csv file, in UTF-8.
        skipped: Gets one sentence for each malformed row, whose image then has no joints (nor the
            pose of a row that fits it less well); so has one that stands there twice, as nobody knows
            which row is right. ``None`` raises the first.

    Returns:
        Key points by image name, in the order of the file: float32 (18, 3) as x, y in pixels and
        score, which is 1 for a joint that is there and 0 (with x = y = 0) for a missing one.

    Raises:
        UserError: The file cannot be read, has no header, has a name twice or a row that is not
            a name and two lists of 18 finite numbers. The message starts with `path:line`.
    """
    lines = read_lines(path, "key point file")
    _, first = next(lines, (1, ""))
    if [field.strip() for field in first.split(":")] != HEADER.split(":"):
        raise UserError(
            f"{path}:1: the first line is not the header '{HEADER}'; "
            "add it, and check that the y coordinates come before the x coordinates."
        )
    poses: dict[str, np.ndarray] = {}
    line_of: dict[str, int] = {}
    for number, line in lines:
        if not line.strip():
            continue
        name = ""
        try:
            name, y, x = _split_row(line, f"{path}:{number}")
            if name in line_of:
                raise UserError(
                    f"{path}:{number}: the image {name!r} is already in line {line_of[name]}; "
                    "remove one of the two rows."
                )
            poses[name] = _parse_pose(y, x, f"{path}:{number}")
        except UserError as error:
            if skipped is None:
                raise
            skipped.append(str(error))
            if name:
                poses[name] = np.zeros((NUM_JOINTS, 3), dtype=np.float32)
        line_of.setdefault(name, number)
    return poses


def write_keypoint_csv(path: str | os.PathLike[str], mapping: Mapping[str, np.ndarray]) -> None:
    """Write key points as a PATN csv file, whole or not at all.

    The format knows whole pixels and no scores: coordinates are rounded to the nearest integer,
    and a joint with score 0 or left of or above the image is written as missing (-1).

    Args:
        path: Where the file goes; folders are made, an existing file is replaced.
        mapping: Key points (18, 3) as x, y in pixels and score, by image name.

    Raises:
        UserError: A name cannot stand in the file, or the file cannot be written.
        ValueError: Key points are not (18, 3), or a joint that is there has no finite place.
    """
    check_image_names(mapping, path)
    rows = [HEADER]
    for name, keypoints in mapping.items():
        y, x = _to_pixels(name, keypoints)
        rows.append(f"{name}: {y}: {x}")
    write_atomic(path, ("\n".join(rows) + "\n").encode())


def check_image_names(names: Iterable[str], where: str | os.PathLike[str]) -> None:
    """Find out before long work whether a key point file can name all images.

    Args:
        names: The names.
        where: The file or folder that the message starts with.

    Raises:
        UserError: A name cannot stand in the file.
    """
    for name in names:
        if not name.strip() or "\n" in name:
            raise UserError(
                f"{where}: the image name {name!r} cannot stand in a key point file; "
                "rename the image so that its name is not blank and has no line break."
            )
        if any("\ud800" <= letter <= "\udfff" for letter in name):
            raise UserError(
                f"{where}: the image name {name!r} cannot be written in UTF-8; rename that image."
            )


def _split_row(line: str, where: str) -> list[str]:
    """Name, list of y and list of x of a row."""
    # From the right, because the two lists have no colon and a name may have some.
    fields = line.rsplit(":", 2)
    if len(fields) != 3 or not fields[0].strip():
        raise UserError(
            f"{where}: the row is not 'NAME: [y, ...]: [x, ...]'; "
            "give a name and two lists with a colon after the name and between the lists."
        )
    return fields


def _parse_pose(y_list: str, x_list: str, where: str) -> np.ndarray:
    y, x = _parse_list(y_list, "y", where), _parse_list(x_list, "x", where)
    pose = np.zeros((NUM_JOINTS, 3), dtype=np.float32)
    there = (x >= 0) & (y >= 0)
    pose[there] = np.stack([x, y, np.ones_like(x)], axis=1)[there]
    return pose


def _parse_list(text: str, axis: str, where: str) -> np.ndarray:
    """One list of coordinates, "[13, 27, ...]", as float32 (18,)."""
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        values = None
    try:
        coordinates = to_floats(values)
    except ValueError as error:
        raise UserError(
            f"{where}: the list of {axis} {error}; write numbers such as [13, 27, -1], "
            "with -1 for a missing joint."
        ) from error
    if (coordinates > _MAX_PIXEL).any():
        raise UserError(
            f"{where}: the list of {axis} has a number above {_MAX_PIXEL}, which no image has "
            "pixels for; correct it."
        )
    if len(coordinates) != NUM_JOINTS:
        raise UserError(
            f"{where}: the list of {axis} has {len(coordinates)} numbers; "
            f"give one for each of the {NUM_JOINTS} joints and -1 for a missing one."
        )
    return coordinates


def _to_pixels(name: str, keypoints: np.ndarray) -> tuple[list[int], list[int]]:
    """Lists of y and of x in whole pixels, -1 where the joint is missing."""
    keypoints = np.asarray(keypoints)
    if keypoints.shape != (NUM_JOINTS, 3):
        raise ValueError(
            f"Key points of {name!r} have shape {keypoints.shape}, not ({NUM_JOINTS}, 3)."
        )
    there = keypoints[:, 2] > 0
    if not np.isfinite(keypoints[there, :2]).all():
        raise ValueError(f"Key points of {name!r} have a joint that is there but not finite.")
    pixels = np.full((NUM_JOINTS, 2), -1, dtype=np.int64)
    pixels[there] = np.rint(keypoints[there, :2])
    pixels[(pixels < 0).any(axis=1)] = -1
    return pixels[:, 1].tolist(), pixels[:, 0].tolist()
