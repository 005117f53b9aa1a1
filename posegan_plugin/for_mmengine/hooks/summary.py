"""One table at the end of a run."""

from __future__ import annotations

import shlex
from pathlib import Path

from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner

from posegan_plugin.checkpoint import newest_checkpoint
from posegan_plugin.report.names import format_score


class SummaryHook(Hook):
    """Prints the last evaluation, where checkpoint and pictures lie, and how to get a report.

    A test does not write the checkpoint that it tests, and ``tools/test.py`` says itself which it was.
    """

    priority = "LOWEST"

    def __init__(self) -> None:
        self.metrics: dict[str, float] = {}
        self._trained = False

    def before_train(self, runner: Runner) -> None:
        """Say so where a resumed run has nothing left to do."""
        self._trained = True
        if runner.epoch >= runner.max_epochs:
            runner.logger.info(
                "All %d epochs are done already: give more epochs to train on.",
                runner.max_epochs,
            )

    def after_val_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        """Remember the newest evaluation."""
        self.metrics = dict(metrics or {})

    def after_test_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        """Remember the test."""
        self.metrics = dict(metrics or {})

    def after_run(self, runner: Runner) -> None:
        """Print the table."""
        if is_main_process() and self.metrics:
            places = _checkpoint(runner) if self._trained else {}
            print(summary_table(self.metrics, places | _places(runner)), flush=True)


def summary_table(metrics: dict[str, float], places: dict[str, str]) -> str:
    """A plain-text table of metrics and places.

    Args:
        metrics: Name -> value; ``reid/...`` and the retrieval and PCK of synthesised people are
            percentages, others as they are.
        places: What -> path.
    """
    rows = [(name, format_score(name, value)) for name, value in metrics.items()]
    rows += list(places.items())
    width = max(len(name) for name, _ in rows)
    line = "-" * (width + 2 + max(len(value) for _, value in rows))
    return "\n".join([line, *(f"{name:<{width}}  {value}" for name, value in rows), line])


def _checkpoint(runner: Runner) -> dict[str, str]:
    newest = newest_checkpoint(runner.work_dir)
    return {} if newest is None else {"checkpoint": str(newest)}


def _places(runner: Runner) -> dict[str, str]:
    work_dir = Path(runner.work_dir)
    found = {}
    if (work_dir / "pictures").is_dir():
        found["pictures"] = str(work_dir / "pictures")
    found["logs"] = str(runner.log_dir)
    found["report"] = f"python tools/report.py {shlex.quote(str(work_dir))}"
    return found
