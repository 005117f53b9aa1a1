"""The tables of a synthesised set, as csv text."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from posegan_plugin.csv_text import csv_text

Row = dict[str, str]

MANIFEST_COLUMNS = (
    "file",
    "source",
    "target",
    "pid",
    "camid",
    "source_camid",
    "checkpoint_sha256",
    "seed",
    "similarity",
    "kept",
    "reason",
)
"""One line an image that was made. ``file``: where it lies in the output folder; ``source``: its
condition image and ``target``: the image (or ``FILE:NAME``) of its pose, both below the data set's
folder; ``pid``: the identity as in file names; ``camid``, ``source_camid``: cameras from 0 as toolboxes
count them (file names count from 1); ``similarity``: cosine of the re-ID descriptors of source and
image; ``kept``: 1, or 0 for an image that a filter dropped and that is not there; ``reason``: the
criterion that dropped it."""

REAL_COLUMNS = ("file", "source")
"""One line a real image: where it lies in the output folder, and where it came from."""


def to_csv(columns: Sequence[str], rows: Iterable[Row]) -> bytes:
    """A table with its header, in UTF-8."""
    text = csv_text([columns, *([row[column] for column in columns] for row in rows)])
    # File names need not be text: what cannot be decoded goes out as it came in.
    return text.encode("utf-8", "surrogateescape")


def from_csv(data: bytes) -> list[Row]:
    """Inverse of :func:`to_csv`."""
    text = data.decode("utf-8", "surrogateescape")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def is_written(row: Row) -> bool:
    """Whether the image of a line is there, not dropped."""
    return row.get("kept", "1") == "1"
