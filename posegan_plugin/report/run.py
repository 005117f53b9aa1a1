"""What a run left in its folder, of mmengine or of torchreid, finished or still going."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from posegan_plugin.errors import UserError
from posegan_plugin.report.events import event_files, read_events
from posegan_plugin.report.files import (
    Checkpoint,
    NamedText,
    Picture,
    checkpoint_meta,
    checkpoints_of,
    newest_picture,
    read_cmc,
    read_text,
)
from posegan_plugin.report.logs import (
    environment,
    mmengine_start,
    torchreid_epochs,
    torchreid_scores,
)
from posegan_plugin.report.records import read_records
from posegan_plugin.report.scalars import Scalars, Series, Start, merge


@dataclass
class Run:
    """A run.

    Attributes:
        folder: Its work dir or save_dir.
        toolbox: ``mmengine`` or ``torchreid``.
        scalars: Its curves.
        epochs: How many epochs it is to have; None if not known.
        cmc: Rank -> percentage, of the last evaluation: the whole curve, or the ranks that were
            logged; empty if not evaluated.
        grid: The newest picture of synthesised people; None if not left.
        ranked: The newest picture of ranked lists; None if not left.
        config: Its configuration; None if not left.
        environment: What -> value of the machine and the versions; empty if not left.
        checkpoints: Newest first.
        notes: What could not be read or looks wrong, each a sentence.
    """

    folder: Path
    toolbox: str
    scalars: Scalars
    epochs: int | None = None
    cmc: Series = field(default_factory=dict)
    grid: Picture | None = None
    ranked: Picture | None = None
    config: NamedText | None = None
    environment: dict[str, str] = field(default_factory=dict)
    checkpoints: list[Checkpoint] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read_run(folder: str | Path) -> Run:
    """Gather what a run left.

    Args:
        folder: The work dir of ``tools/train.py``, or the save_dir of a training with torchreid.

    Raises:
        UserError: The folder is missing or holds no run, or a file in it cannot be opened.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise UserError(f"{folder} is not a folder: name the work dir of a run")
    if (folder / "vis_data").is_dir():
        raise UserError(f"{folder} is one start of a run: name the work dir, {folder.parent}")
    try:
        return _read(folder)
    except OSError as error:
        raise UserError(
            f"{error.filename} cannot be opened ({error.strerror}): make it readable, or remove it"
        ) from error


def _read(folder: Path) -> Run:
    starts = sorted(path.parent for path in folder.glob("*/vis_data"))
    # Their names end in the time.
    logs = sorted(folder.glob("train.log*")) or sorted(folder.glob("test.log*"))
    events = event_files(folder)
    if starts:
        run = _mmengine_run(folder, starts)
    elif logs or events:
        run = _torchreid_run(folder, logs, events)
    else:
        raise UserError(
            f"{folder} holds no run: there is no TIMESTAMP/vis_data of mmengine, no train.log and no "
            "event file of torchreid in it; name the work dir of a run"
        )
    run.notes += run.scalars.notes + run.scalars.broken()
    run.checkpoints = checkpoints_of(folder)
    return run


def _mmengine_run(folder: Path, starts: list[Path]) -> Run:
    attempts = {start: _mmengine_attempt(start) for start in starts}
    run = Run(folder, "mmengine", merge(attempts.values()))
    trained = [start for start, attempt in attempts.items() if attempt.training]
    newest = (trained or starts)[-1]
    run.config = read_text(newest / "vis_data" / "config.py", folder)
    run.environment = environment(_log(newest))
    if run.config is None or not run.environment:
        config, versions = checkpoint_meta(folder, run.notes)
        run.config, run.environment = run.config or config, run.environment or versions
    total = re.search(r"\bmax_epochs=(\d+)", run.config.text) if run.config else None
    run.epochs = int(total[1]) if total else None
    evaluated = run.scalars.last_evaluation
    run.grid = newest_picture(folder / "pictures", "epoch", evaluated)
    run.ranked = newest_picture(folder / "pictures", "ranked_epoch", evaluated)
    run.cmc = read_cmc(folder / "cmc.json", evaluated, run.notes) or _logged_ranks(run.scalars)
    return run


def _mmengine_attempt(start: Path) -> Scalars:
    """What one start logged."""
    records = start / "vis_data" / "scalars.json"
    if records.is_file():
        found = read_records(records)
    else:
        files = event_files(start / "vis_data")
        found = read_events(files[-1]) if files else Scalars()
    log = _log(start)
    found.starts = [mmengine_start(log) if log else Start()]
    return found


def _log(start: Path) -> str:
    log = start / f"{start.name}.log"
    return log.read_text(encoding="utf-8", errors="replace") if log.is_file() else ""


def _torchreid_run(folder: Path, logs: list[Path], events: list[Path]) -> Run:
    run = Run(folder, "torchreid", merge(read_events(file) for file in events))
    run.config = read_text(folder / "config.yaml", folder)
    texts = [log.read_text(encoding="utf-8", errors="replace") for log in logs]
    if epochs := torchreid_epochs(texts[-1] if texts else ""):
        run.scalars.epoch, run.epochs = epochs
    # Event files have exact curves of R1 and mAP; the other ranks are in the logs alone.
    scores = run.scalars.evaluation
    evaluated = {epoch for series in scores.values() for epoch in series}
    logged: dict[str, Series] = {}
    for text in texts:
        for name, series in torchreid_scores(text).items():
            there = {e: v for e, v in series.items() if e in evaluated or not evaluated}
            logged.setdefault(name, {}).update(there)
    run.scalars.evaluation = {**{n: s for n, s in logged.items() if s}, **scores}
    run.cmc = _logged_ranks(run.scalars)
    return run


def _logged_ranks(scalars: Scalars) -> Series:
    """Ranks of the CMC that are among the scores, as of the last evaluation."""
    ranks = {
        int(match[1]): series[max(series)]
        for name, series in scalars.evaluation.items()
        if (match := re.fullmatch(r"reid/R(\d+)", name))
    }
    return dict(sorted(ranks.items()))
