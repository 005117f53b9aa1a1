"""One HTML page about a run, from the files that it left."""

from posegan_plugin.report.page import render, write_report
from posegan_plugin.report.run import Run, read_run

__all__ = ["Run", "read_run", "render", "write_report"]
