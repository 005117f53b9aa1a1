"""The output folder: what is in it is whole, and what is done can be told after any interruption.

Work comes in parts. The files of a part are written first, each whole or not at all, then a journal
of the part: its lines of the final table. A run that was killed goes on with the parts that have no
journal; the tables are made of the journals at the end, and the manifest last of all.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from posegan_plugin.errors import UserError
from posegan_plugin.folders import folder_lock
from posegan_plugin.pose import write_atomic
from posegan_plugin.synthesis.tables import (
    MANIFEST_COLUMNS,
    REAL_COLUMNS,
    Row,
    from_csv,
    is_written,
    to_csv,
)

SETTINGS, MANIFEST, REAL_LIST = "synthesis.json", "manifest.csv", "real.csv"
_TEMPORARY = ".*.tmp"  # what write_atomic leaves behind when the process is killed


class SynthesisStore:
    """An output folder, new or of an earlier run with the same settings.

    Several processes may work on one folder, each on parts of its own.

    Args:
        root: The folder; it is made.
        settings: All that the content depends on, as plain JSON values.

    Raises:
        UserError: The folder cannot be made or written to, holds something else, or was begun with
            other settings.
    """

    def __init__(self, root: Path | str, settings: Mapping[str, object]) -> None:
        self.root = Path(root)
        self._journal = self.root / ".journal"
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            with folder_lock(self.root):
                self._claim(settings)
        except OSError as error:
            raise UserError(
                f"{root}: the folder cannot be made or read ({error.strerror}); choose another"
            ) from error

    @property
    def finished(self) -> bool:
        """Whether everything is there."""
        return (self.root / MANIFEST).is_file()

    def recorded(self, part: str) -> list[Row] | None:
        """The lines of a part; ``None`` where it is still to do, or a file of it is gone."""
        try:
            rows = from_csv((self._journal / f"{part}.csv").read_bytes())
        except FileNotFoundError:
            return None
        return None if self._missing(rows) else rows

    def record(self, part: str, files: Mapping[str, bytes], rows: Sequence[Row]) -> None:
        """Write the files of a part and then its journal.

        Args:
            part: Name of the part.
            files: Content of each file by its path below the folder.
            rows: Lines of the part in the final table.

        Raises:
            UserError: A file cannot be written.
        """
        for name, data in files.items():
            write_atomic(self.root / name, data)
        write_atomic(self._journal / f"{part}.csv", to_csv(rows[0], rows))

    def finish(self, manifest: Sequence[Row], real: Sequence[Row]) -> None:
        """Write the tables, and with them the statement that everything is there."""
        if real:
            write_atomic(self.root / REAL_LIST, to_csv(REAL_COLUMNS, real))
        write_atomic(self.root / MANIFEST, to_csv(MANIFEST_COLUMNS, manifest))

    def manifest(self) -> list[Row]:
        """The lines of a finished set; what killed runs have left lying about is removed.

        Raises:
            UserError: An image is gone.
        """
        shutil.rmtree(self._journal, ignore_errors=True)
        for leftover in self.root.rglob(_TEMPORARY):
            leftover.unlink(missing_ok=True)
        rows = from_csv((self.root / MANIFEST).read_bytes())
        missing = self._missing(rows)
        if missing:
            raise UserError(
                f"{self.root} is a finished set, but {len(missing)} of its images are gone "
                f"({missing[0]}): remove the folder to have it made again"
            )
        return rows

    def _claim(self, settings: Mapping[str, object]) -> None:
        path = self.root / SETTINGS
        if path.exists():
            _compare(self.root, _read_settings(path), settings)
        elif all(p.match(_TEMPORARY) for p in self.root.iterdir()):
            write_atomic(path, (json.dumps(settings, indent=2) + "\n").encode())
        else:
            raise UserError(
                f"{self.root} holds something else than a synthesised set; choose a new folder"
            )

    def _missing(self, rows: Sequence[Row]) -> list[str]:
        return [r["file"] for r in rows if is_written(r) and not (self.root / r["file"]).is_file()]


def _read_settings(path: Path) -> dict[str, object]:
    try:
        settings = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read ({error}); choose a new folder") from error
    if not isinstance(settings, dict):
        raise UserError(f"{path} is not of a synthesised set; choose a new folder")
    return settings


def _compare(root: Path, begun: Mapping[str, object], settings: Mapping[str, object]) -> None:
    for key in (*settings, *begun):
        then, now = (_shown(s.get(key)) for s in (begun, settings))
        if then != now:
            raise UserError(
                f"{root} was begun with {key} {then}, and this run has {now}: go on with the same, "
                "or choose another folder"
            )


def _shown(value: object) -> str:
    return "none" if value is None else json.dumps(value)
