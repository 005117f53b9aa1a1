"""Results of finished trainings, in one file of numbers that can be handed on without the work dir."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

from posegan_plugin.errors import UserError
from posegan_plugin.pose import write_atomic


class Store:
    """Results by the name of their training.

    Names say all that a result depends on but the machine (see :class:`reid.runs.Runs`), so a store
    that was filled elsewhere counts here: a benchmark of days can be made in pieces.

    Args:
        path: A JSON file; made with the first result.

    Raises:
        UserError: The file is no store.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._results: dict[str, dict] = {}
        if path.is_file():
            with contextlib.suppress(ValueError):
                self._results = json.loads(path.read_text())
            results = self._results.values() if isinstance(self._results, dict) else []
            if not results or not all(isinstance(r, dict) for r in results):
                raise UserError(
                    f"{path} is no file of results: repair it, or move it away to begin anew"
                )

    def get(self, name: str) -> dict | None:
        """A result; ``None`` if there is none."""
        return self._results.get(name)

    def put(self, name: str, result: dict) -> None:
        """Keep a result, in place of an earlier one of this name."""
        self._results[name] = result
        text = json.dumps(self._results, indent=1, sort_keys=True)
        write_atomic(self._path, (text + "\n").encode())
