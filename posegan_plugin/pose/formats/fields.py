"""JSON files, and what is expected in them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from posegan_plugin.errors import UserError
from posegan_plugin.folders import files_in
from posegan_plugin.pose.numbers import to_floats


def read_json(path: Path) -> object:
    """The content of a JSON file.

    Raises:
        UserError: The file cannot be read or is no JSON.
    """
    try:
        return json.loads(path.read_bytes())
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}); check the path") from error
    except (ValueError, RecursionError) as error:  # also bytes that are no text
        raise UserError(f"{path}: is not valid JSON ({error}); write it again") from error


def json_files(folder: Path, ending: str) -> list[Path]:
    """Files of a folder and its sub-folders whose names end so, hidden ones left out, sorted.

    Raises:
        UserError: There is none.
    """
    found = [
        path
        for path in files_in(folder)
        if path.name.endswith(ending)
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    ]
    if not found:
        raise UserError(f"{folder}: holds no file named *{ending}; name the folder that does")
    return found


def entry(record: object, key: str, where: str) -> object:
    """``record[key]``.

    Raises:
        UserError: ``record`` is no JSON object or does not have the key.
    """
    if not isinstance(record, dict) or key not in record:
        raise UserError(f"{where}: there is no {key!r} here; is it the right kind of file?")
    return record[key]


def list_entry(record: object, key: str, where: str) -> list:
    """``record[key]``, which has to be a list.

    Raises:
        UserError: It is not there or no list.
    """
    value = entry(record, key, where)
    if not isinstance(value, list):
        raise UserError(f"{where}: {key!r} is not a list; is it the right kind of file?")
    return value


def floats(values: object, what: str) -> np.ndarray:
    """A list of finite numbers as float32 (N,).

    Raises:
        UserError: It is something else; the message starts with ``what``.
    """
    try:
        return to_floats(values)
    except ValueError as error:
        raise UserError(f"{what} {error}; write the file again") from error


def triples(values: object, what: str) -> np.ndarray:
    """A flat list of x, y, score, x, y, score, ... as float32 (K, 3).

    Raises:
        UserError: It is something else; the message starts with ``what``.
    """
    flat = floats(values, what)
    if len(flat) % 3:
        raise UserError(f"{what} has {len(flat)} numbers, not three (x, y, score) for each joint")
    return flat.reshape(-1, 3)
