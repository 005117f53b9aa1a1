"""Finished batches of a long run, kept on disk until its one result is written."""

from __future__ import annotations

import io
import json
import re
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import numpy as np

from posegan_plugin.errors import UserError
from posegan_plugin.pose.files import write_atomic
from posegan_plugin.pose.skeleton import NUM_JOINTS

_SETTINGS = "settings.json"
_OURS = re.compile(r"settings\.json|\d{6,}\.npy|\..*\.tmp")


class Journal:
    """A folder with one file a finished batch of key points.

    A batch is written whole or not at all, so a run that is killed loses the one it was at.

    Args:
        folder: Where the batches go.
        settings: All that the batches depend on, as JSON knows it; a run may go on only with the same.
        restart: Throw away what is there.

    Raises:
        UserError: The folder holds the batches of a run with other settings or anything else, or
            cannot be written.
    """

    def __init__(self, folder: Path, settings: Mapping[str, object], restart: bool = False) -> None:
        self.folder = folder
        _refuse_other_files(folder)
        file = folder / _SETTINGS
        if restart or not file.is_file():  # not there: killed while it was deleted
            self.remove()
            write_atomic(file, json.dumps(settings, indent=2, sort_keys=True).encode())
        else:
            self._check(_read(file), settings)

    def load(self, number: int, length: int) -> np.ndarray | None:
        """A finished batch.

        Args:
            number: Which one.
            length: How many people it has.

        Returns:
            Key points float32 (length, 18, 3); ``None`` if it is not finished.
        """
        try:
            batch = np.load(self._file(number), allow_pickle=False)
        except (OSError, ValueError, EOFError):  # not there, or damaged since
            return None
        right = batch.shape == (length, NUM_JOINTS, 3) and batch.dtype == np.float32
        return batch if right else None

    def save(self, number: int, batch: np.ndarray) -> None:
        """Keep a finished batch (N, 18, 3), float32."""
        content = io.BytesIO()
        np.save(content, batch, allow_pickle=False)
        write_atomic(self._file(number), content.getvalue())

    def remove(self) -> None:
        """Delete the folder, once its batches are elsewhere.

        Raises:
            UserError: It cannot be deleted.
        """
        _remove(self.folder)

    def _check(self, before: Mapping[str, object], settings: Mapping[str, object]) -> None:
        other = [k for k in sorted({*settings, *before}) if settings.get(k) != before.get(k)]
        if other:
            changes = ", ".join(f"{k} {before.get(k)} (now {settings.get(k)})" for k in other)
            raise UserError(
                f"{self.folder} holds the work of an interrupted run with {changes}; go on with the "
                "same settings, or throw it away with --restart"
            )

    def _file(self, number: int) -> Path:
        return self.folder / f"{number:06d}.npy"


def _read(file: Path) -> dict:
    settings = None
    with suppress(ValueError):
        settings = json.loads(file.read_bytes())
    if not isinstance(settings, dict):
        raise UserError(f"{file} is damaged: throw its folder away with --restart")
    return settings


def discard(folder: Path) -> None:
    """Delete what an interrupted run left, where it left anything.

    Args:
        folder: The run's journal.

    Raises:
        UserError: The folder holds anything else, or cannot be deleted.
    """
    _refuse_other_files(folder)
    _remove(folder)


def _refuse_other_files(folder: Path) -> None:
    if not folder.exists():
        return
    if not folder.is_dir() or not all(_OURS.fullmatch(p.name) for p in folder.iterdir()):
        raise UserError(
            f"{folder} is in the way and not of an interrupted run; move it, or choose "
            "another output file"
        )


def _remove(folder: Path) -> None:
    try:
        if folder.exists():
            shutil.rmtree(folder)
    except OSError as error:
        raise UserError(
            f"{folder}: cannot be deleted ({error.strerror or error}); delete it yourself"
        ) from error
