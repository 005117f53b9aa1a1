"""Tables as csv text that gives back any value."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence


def csv_text(rows: Iterable[Sequence[object]]) -> str:
    """Rows as csv; who reads them without changing line ends gets any value back as it was.

    Args:
        rows: The rows, a header among them if there is to be one.
    """
    rows = list(rows)
    # Until Python 3.13 a carriage return is not quoted for its own sake.
    returns = any("\r" in str(value) for row in rows for value in row)
    text = io.StringIO(newline="")
    quoting = csv.QUOTE_ALL if returns else csv.QUOTE_MINIMAL
    csv.writer(text, lineterminator="\n", quoting=quoting).writerows(rows)
    return text.getvalue()
