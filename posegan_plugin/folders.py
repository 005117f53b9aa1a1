"""What is in a folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path

from posegan_plugin.errors import UserError


def files_in(folder: Path, recursive: bool = True) -> list[Path]:
    """The files of a folder, sorted; links to folders are not followed.

    Links that lead nowhere are files too, so that whoever reads them says so. ``Path.rglob`` would
    pass over a folder that may not be read without a word.

    Args:
        folder: The folder.
        recursive: With those in all folders below it.

    Raises:
        UserError: A folder cannot be read.
    """

    def refuse(error: OSError) -> None:
        raise UserError(
            f"{error.filename} cannot be read ({error.strerror}): check the path and its rights"
        ) from error

    walk = os.walk(folder, onerror=refuse)
    found = walk if recursive else islice(walk, 1)
    return sorted(Path(where, name) for where, _, names in found for name in names)


def is_folder(path: str | Path) -> bool:
    """``Path.is_dir``; also where that raises, in a folder that may not be entered, it is none."""
    try:
        return Path(path).is_dir()
    except (OSError, ValueError):
        return False


def is_file(path: str | Path) -> bool:
    """``Path.is_file``, in the same way."""
    try:
        return Path(path).is_file()
    except (OSError, ValueError):
        return False


@contextmanager
def folder_lock(folder: Path) -> Iterator[None]:
    """Keep other processes that ask for the same lock waiting meanwhile.

    The lock of a process that dies is free. Where there are no such locks (Windows, some network file
    systems), nobody waits.

    Args:
        folder: The folder; only this lock keeps anybody from changing it.
    """
    try:
        import fcntl
    except ImportError:  # Windows
        yield
        return
    opened = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # some network file systems
            fcntl.flock(opened, fcntl.LOCK_EX)
        yield
    finally:
        os.close(opened)
