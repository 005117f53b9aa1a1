"""Lines of text files that anything may stand in."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from posegan_plugin.errors import UserError

MAX_LINE = 1 << 16
"""Bytes of a line: some twenty times what a row of ours takes, and no memory to speak of."""


def read_lines(path: str | os.PathLike[str], what: str) -> Iterator[tuple[int, str]]:
    r"""The lines of a UTF-8 file, one after the other, so that no file is too large.

    Only ``\n`` ends a line: ``str.splitlines`` would also cut names at rarer Unicode line breaks. A
    byte order mark is left out.

    Args:
        path: The file.
        what: What it is, for the message.

    Yields:
        Number, from 1, and text of a line, with its end.

    Raises:
        UserError: The file cannot be read, is not UTF-8 text or has a line that is too long; the
            message starts with the path, and the line if there is one.
    """
    try:
        with Path(path).open("rb") as file:
            number = 0
            while line := file.readline(MAX_LINE + 1):
                number += 1
                yield number, _text(line, number, f"{path}:{number}")
    except (OSError, ValueError) as error:  # the second for a zero byte in the path
        reason = getattr(error, "strerror", None) or error
        raise UserError(f"{path}: the {what} cannot be read ({reason}); check the path.") from error


def _text(line: bytes, number: int, where: str) -> str:
    if len(line) > MAX_LINE:
        raise UserError(f"{where}: the line has more than {MAX_LINE} bytes; is it the right file?")
    try:
        return line.decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError as error:
        raise UserError(
            f"{where}: the file is not UTF-8 text; save it with the encoding UTF-8."
        ) from error
