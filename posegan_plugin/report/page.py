"""From what runs left to one HTML page that needs nothing but itself."""

from __future__ import annotations

import base64
import difflib
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from posegan_plugin import __version__
from posegan_plugin.errors import UserError
from posegan_plugin.pose.files import write_atomic
from posegan_plugin.report.charts import chart_groups, cmc_chart
from posegan_plugin.report.curves import MARKERS, MAX_RUNS, STYLES
from posegan_plugin.report.files import Picture
from posegan_plugin.report.run import Run, read_run
from posegan_plugin.report.summary import progress, resumes, summary_rows

_CHECKPOINTS_SHOWN = 8


def write_report(folders: Sequence[str | Path], out: str | Path | None = None) -> Path:
    """Write the page of one run, or of several side by side.

    Args:
        folders: Their folders; the first is what others are compared with.
        out: The file. Defaults to None: ``report.html`` in the first folder.

    Returns:
        The file.

    Raises:
        UserError: A folder holds no run, there are more than 6, or the file cannot be written.
    """
    if len(folders) > MAX_RUNS:
        raise UserError(f"{len(folders)} runs do not fit one page: name at most {MAX_RUNS}")
    path = Path(out) if out is not None else Path(folders[0]) / "report.html"
    write_atomic(path, render([read_run(folder) for folder in folders]).encode())
    return path


def render(runs: Sequence[Run]) -> str:
    """The page.

    Args:
        runs: What the runs left.

    Returns:
        HTML. Whatever comes from a run is escaped.
    """
    environment = Environment(
        loader=PackageLoader("posegan_plugin.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"svg": Markup, "size": _size, "embedded": _embedded}
    names = _names(runs)
    return environment.get_template("report.html").render(
        runs=list(zip(names, runs, strict=True)),
        markers=MARKERS,
        dashes=STYLES,
        rows=summary_rows(runs),
        progress=progress,
        resumes=resumes,
        cmc=cmc_chart(runs, names),
        groups=chart_groups(runs, names),
        config_differences=_config_differences(runs, names),
        checkpoints_shown=_CHECKPOINTS_SHOWN,
        written=f"{datetime.now():%Y-%m-%d %H:%M}",
        version=__version__,
    )


def _names(runs: Sequence[Run]) -> list[str]:
    """The folders' names, or their paths where two have the same."""
    names = [run.folder.resolve().name for run in runs]
    return names if len(set(names)) == len(names) else [str(run.folder) for run in runs]


def _config_differences(runs: Sequence[Run], names: Sequence[str]) -> list[tuple[str, str]]:
    """What the configurations of runs of the first one's toolbox say otherwise than the first's."""
    first, found = runs[0], []
    for name, run in zip(names[1:], runs[1:], strict=True):
        if first.config and run.config and run.toolbox == first.toolbox:
            texts = (first.config.text.splitlines(), run.config.text.splitlines())
            lines = list(difflib.unified_diff(*texts, lineterm="", n=1))[2:]
            found.append((name, "\n".join(lines)))
    return found


def _size(count: int) -> str:
    """Bytes as people read them."""
    return f"{count / 1e6:.1f} MB" if count >= 1e5 else f"{count / 1e3:.1f} kB"


def _embedded(picture: Picture) -> str:
    """The picture as an address that holds it."""
    return f"data:image/png;base64,{base64.b64encode(picture.path.read_bytes()).decode()}"
