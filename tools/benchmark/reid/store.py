"""Results of finished trainings, in one file of numbers that can be handed on without the work dir."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

from posegan_plugin.errors import UserError
from posegan_plugin.folders import folder_lock
from posegan_plugin.pose import write_atomic


class Store:
    """Results by the name of their training.

    Names say all that a result depends on but the machine (see :class:`reid.runs.Runs`), so a store
    that was filled elsewhere counts here: a benchmark of days can be made in pieces, and by several
    processes at a time.

    Args:
        path: A JSON file; made with the first result.

    Raises:
        UserError: The file is no store.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read()

    def get(self, name: str) -> dict | None:
        """A result; ``None`` if there is none."""
        return self._read().get(name)

    def put(self, name: str, result: dict) -> None:
        """Keep a result, in place of an earlier one of this name."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with folder_lock(self._path.parent):
            text = json.dumps({**self._read(), name: result}, indent=1, sort_keys=True)
            write_atomic(self._path, (text + "\n").encode())

    def _read(self) -> dict[str, dict]:
        # Each time: another process may have put something there.
        if not self._path.is_file():
            return {}
        found = None
        with contextlib.suppress(ValueError):
            found = json.loads(self._path.read_text())
        if not found or not isinstance(found, dict) or set(map(type, found.values())) != {dict}:
            raise UserError(
                f"{self._path} is no file of results: repair it, or move it away to begin anew"
            )
        return found
