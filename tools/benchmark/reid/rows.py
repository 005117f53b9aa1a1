"""All rows by name, and what a row takes."""

from __future__ import annotations

from reid.ablations import OUR_ABLATIONS, PAPER_ABLATIONS
from reid.families import FAMILIES, SYNTHESIS_TARGET
from reid.main_rows import MAIN, Row

GROUPS = {"main": MAIN, "paper_ablations": PAPER_ABLATIONS, "our_ablations": OUR_ABLATIONS}
"""Names that stand for several rows."""
ROWS: dict[str, Row] = {name: row for group in GROUPS.values() for name, row in group.items()}


def named_rows(names: list[str]) -> list[str]:
    """Rows and groups of rows as rows, each once, in the order given.

    Raises:
        KeyError: A name that is neither.
    """
    found = [row for name in names for row in GROUPS.get(name, [name])]
    for name in found:
        ROWS[name]
    return list(dict.fromkeys(found))


def needs_generator(name: str) -> bool:
    """Whether a row trains on people of a generator that was trained before."""
    row = ROWS[name]
    family = FAMILIES[row.family]
    mode = {**family.options, **row.options}.get("posegan.mode", "")
    return mode.startswith("online") or family.knob == SYNTHESIS_TARGET


def has_generator(name: str) -> bool:
    """Whether a row trains a generator of its own."""
    family = FAMILIES[ROWS[name].family]
    return not family.toolbox and family.options.get("model.mode") != "baseline"
