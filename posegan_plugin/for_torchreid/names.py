"""Names that a user gives, and the closest known ones."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from posegan_plugin.errors import UserError


def check_choice(key: str, value: str, known: Sequence[str]) -> None:
    """Refuse a name that is not among the known ones.

    Raises:
        UserError: With the closest known name, or all of them.
    """
    if value not in known:
        raise UserError(
            f"{key}: {value!r} is unknown{hint(str(value), known) or '; ' + choices(known)}"
        )


def choices(known: Sequence[str]) -> str:
    """All known names, for a message."""
    return f"choose one of {', '.join(known)}"


def hint(wrong: str, known: Sequence[str]) -> str:
    """The closest known name, for a message; nothing where none is close."""
    close = difflib.get_close_matches(wrong, known, n=1)
    return f"; did you mean {close[0]!r}?" if close else ""
