"""The files of a run beside its logs: pictures, configuration, checkpoints, the CMC."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import NamedTuple

from posegan_plugin.checkpoint import newest_checkpoint, read_checkpoint
from posegan_plugin.errors import UserError
from posegan_plugin.report.scalars import Series


class Picture(NamedTuple):
    """A picture, and the epoch it shows."""

    path: Path
    epoch: int


class NamedText(NamedTuple):
    """A text file's name and content."""

    name: str
    text: str


class Checkpoint(NamedTuple):
    """A checkpoint, by its name below the run's folder, and its size in bytes."""

    name: str
    size: int


def newest_picture(folder: Path, prefix: str, evaluated: int | None) -> Picture | None:
    """The picture of the newest epoch.

    Args:
        folder: Where pictures lie.
        prefix: Name before the epoch: ``PREFIX_007.png``.
        evaluated: The last epoch that was evaluated; pictures of later ones were left by an older
            training in the same folder. None if not known.
    """
    names = ((path, re.fullmatch(rf"{prefix}_(\d+)\.png", path.name)) for path in folder.glob("*"))
    pictures = [Picture(path, int(match[1])) for path, match in names if match]
    there = [p for p in pictures if evaluated is None or p.epoch <= evaluated]
    return max(there, key=lambda picture: picture.epoch, default=None)


def read_cmc(path: Path, evaluated: int | None, notes: list[str]) -> Series:
    """The CMC that :class:`posegan_plugin.for_mmengine.hooks.CmcHook` wrote.

    Args:
        path: ``cmc.json``.
        evaluated: The last epoch that was evaluated; the file of another one was left by an older
            training in the same folder.
        notes: Gets a sentence where the file is damaged.

    Returns:
        Rank -> percentage; empty where there is no file of that evaluation.
    """
    if not path.is_file():
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        cmc = {rank: 100 * float(value) for rank, value in enumerate(content["cmc"], start=1)}
        return cmc if content["epoch"] == evaluated else {}
    except (ValueError, TypeError, KeyError):
        notes.append(f"{path}: this is no CMC file of this package and was left out.")
        return {}


def read_text(path: Path, folder: Path) -> NamedText | None:
    """A text file with its name below a folder; None if it is not there.

    Args:
        path: The file.
        folder: Any of the folders above it.
    """
    if not path.is_file():
        return None
    name = str(path.relative_to(folder))
    return NamedText(name, path.read_text(encoding="utf-8", errors="replace"))


def checkpoints_of(folder: Path) -> list[Checkpoint]:
    """Checkpoints of mmengine and torchreid in a run's folder, highest epoch first.

    Args:
        folder: The run's folder.
    """
    files = [*folder.glob("*.pth"), *folder.glob("*/model*.pth.tar*")]
    found = [Checkpoint(str(f.relative_to(folder)), f.stat().st_size) for f in files]
    return sorted(found, key=lambda c: (-_number(c.name), c.name))


def _number(name: str) -> int:
    numbers = re.findall(r"\d+", Path(name).name)
    return int(numbers[-1]) if numbers else -1


def checkpoint_meta(folder: Path, notes: list[str]) -> tuple[NamedText | None, dict[str, str]]:
    """Configuration and versions out of the newest mmengine checkpoint, where the logs are gone.

    Args:
        folder: The run's folder.
        notes: Gets a sentence where the checkpoint cannot be read.

    Returns:
        The configuration, None without one, and what -> value of the environment.
    """
    path = newest_checkpoint(folder)
    if path is None:
        return None, {}
    try:
        meta = read_checkpoint(path).get("meta", {})
    except UserError as error:
        notes.append(f"{error}.")
        return None, {}
    config = NamedText(f"{path.name}: meta.cfg", meta["cfg"]) if "cfg" in meta else None
    labels = {"mmengine_version": "MMEngine", "seed": "seed", "time": "checkpoint written"}
    return config, {label: str(meta[key]) for key, label in labels.items() if key in meta}
