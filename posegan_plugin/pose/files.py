"""Write a file whole or not at all."""

from __future__ import annotations

import errno
import os
import re
import secrets
from pathlib import Path

from posegan_plugin.errors import UserError

_TOKEN_BYTES = 8
_TEMPORARY = re.compile(rf"\.[0-9a-f]{{{2 * _TOKEN_BYTES}}}\.tmp")


def check_writable(path: str | os.PathLike[str]) -> None:
    """Find out before long work, without writing anything, whether a file can be written after it.

    Args:
        path: Where the file will go.

    Raises:
        UserError: It is a folder, or the first folder above it that exists cannot be written to or
            not be looked into, or its name is none.
    """
    path = Path(path).absolute()
    try:
        above = next(p for p in path.parents if p.exists())
        if path.is_dir():
            raise UserError(f"{path}: this is a folder; name a file.")
    except OSError as error:
        raise UserError(
            f"{path}: no file can be written there ({error.strerror}); choose another place."
        ) from error
    if not above.is_dir() or not os.access(above, os.W_OK):
        raise UserError(f"{path}: {above} is no folder that can be written to; choose another.")


def write_atomic(path: str | os.PathLike[str], data: bytes | memoryview) -> None:
    """Write `data` to `path` so that a reader sees the old file or the new one, never a part.

    Folders that do not exist are made. The bytes go to a temporary file in the same folder (a
    rename is atomic only within one file system), which takes the place of `path` at the end. When
    this returns the file is on the disk, not only on its way there.

    Args:
        path: Where the file goes; an existing file is replaced.
        data: Its whole content.

    Raises:
        UserError: The folder cannot be made or the file cannot be written.
    """
    path = Path(path)
    # A short name of its own: `path.name` plus a suffix could be longer than the system allows.
    temporary = path.with_name(f".{secrets.token_hex(_TOKEN_BYTES)}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            # Not `tempfile`: its files are for the owner only and stay so after the rename.
            with temporary.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
            _sync_folder(path.parent)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        raise UserError(
            f"{path}: the file cannot be written ({error.strerror}); "
            f"choose another place or {'make room' if full else 'make this one writable'}."
        ) from error


def remove_leftovers(folder: str | os.PathLike[str]) -> None:
    """Remove what writes of :func:`write_atomic` left in a folder when their process was killed.

    Args:
        folder: Nobody may be writing into it; it need not exist.
    """
    for path in Path(folder).glob(".*.tmp"):
        if _TEMPORARY.fullmatch(path.name):
            path.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """Make a rename last: the new name is part of the folder, not of the file."""
    if os.name == "nt":  # a folder cannot be opened there
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
