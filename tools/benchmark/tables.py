"""The tables of a docs page, taken from the results: nobody types a figure by hand."""

from __future__ import annotations

import re
from pathlib import Path

from posegan_plugin.errors import UserError
from posegan_plugin.pose import write_atomic

_TABLE = re.compile(
    r"<!-- table: (?P<name>[\w-]+) -->\n(?:.*?\n)??<!-- end of table -->", re.DOTALL
)


def fill_page(page: Path, results: Path) -> None:
    """Replace every table of a page by the one that its benchmark wrote.

    A table stands between ``<!-- table: NAME_DEVICE -->`` and ``<!-- end of table -->``.

    Args:
        page: A Markdown file.
        results: Folder of ``NAME_DEVICE.md``; a table without such a file stays as it is.

    Raises:
        UserError: The page has no table.
    """

    def table(match: re.Match) -> str:
        file = results / f"{match['name']}.md"
        if not file.exists():
            return match[0]
        text = file.read_text().removeprefix("### ")  # the page has headings of its own
        return f"<!-- table: {match['name']} -->\n{text}<!-- end of table -->"

    text, count = _TABLE.subn(table, page.read_text())
    if not count:
        raise UserError(f"{page} has no <!-- table: NAME --> ... <!-- end of table -->; add one")
    write_atomic(page, text.encode())
