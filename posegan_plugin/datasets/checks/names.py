"""Faults in file names: who is on the image, and which camera took it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from posegan_plugin.datasets.checks.finding import ERROR, WARNING, Finding, found
from posegan_plugin.datasets.checks.inventory import Inventory

_TORCHREID_MAX_PID, _TORCHREID_MAX_CAMERA = 1501, 6


def check_names(inventory: Inventory) -> Iterator[Finding]:
    """Names without identity or camera, and what torchreid's Market-1501 reader does not take."""
    wrong = inventory.on_disk.wrong
    for reason in dict.fromkeys(w.reason for w in wrong):
        yield from found(
            ERROR,
            "wrong file names",
            [w.path for w in wrong if w.reason == reason],
            f"{reason}: rename or remove the files",
        )
    if inventory.on_disk.splits.name == "market1501":
        yield from _torchreid_limits(inventory)


def _torchreid_limits(inventory: Inventory) -> Iterator[Finding]:
    people = [person for _, person in inventory.rows()]
    yield from found(
        ERROR,
        "refused by torchreid",
        [p.path for p in people if p.pid > _TORCHREID_MAX_PID or p.camid >= _TORCHREID_MAX_CAMERA],
        f"its market1501 takes identities up to {_TORCHREID_MAX_PID} and {_TORCHREID_MAX_CAMERA} "
        "cameras: name the folder as market_layout (--root FOLDER) instead",
    )
    yield from found(
        WARNING,
        "passed over by torchreid",
        [p.path for p in people if Path(p.path).suffix != ".jpg"],
        "its market1501 reads *.jpg only: name the folder as market_layout (--root FOLDER) instead",
    )
