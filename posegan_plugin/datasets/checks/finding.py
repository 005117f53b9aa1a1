"""What a check of a data set found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

ERROR, WARNING = "error", "warning"
_MAX_EXAMPLES = 5


class Finding(NamedTuple):
    """One fault of a data set.

    Attributes:
        severity: ``error`` (the training stops, or what comes out is wrong) or ``warning``.
        check: Name of the fault.
        count: How many images, identities or files have it.
        examples: Up to five of them.
        advice: What follows and what to do, one sentence.
    """

    severity: str
    check: str
    count: int
    examples: tuple[str, ...]
    advice: str


def found(severity: str, check: str, cases: Sequence[str], advice: str) -> Iterator[Finding]:
    """The finding that has these cases; none where there is no case."""
    if cases:
        yield Finding(severity, check, len(cases), tuple(cases[:_MAX_EXAMPLES]), advice)
