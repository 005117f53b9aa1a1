"""Scalars out of TensorBoard's event files: torchreid's runs, and mmengine's without local back end."""

from __future__ import annotations

import re
from pathlib import Path

from posegan_plugin.report.scalars import Scalars, Start

_NAME = "events.out.tfevents."  # time, host, process, number
_TEST = re.compile(r"Test/(?P<target>.+)/(?P<score>rank1|mAP)")
_SCORES = {"rank1": "R1", "mAP": "mAP"}
# mmengine's counters; its times of training and evaluation share a name.
_LEFT_OUT = ("epoch", "iter", "time", "data_time")


def event_files(folder: Path) -> list[Path]:
    """The event files of a folder, in the order in which they were begun.

    Those of one second differ in their number alone, of which 10 follows 9.
    """

    def begun(path: Path) -> list[int]:
        return [int(n) for n in re.findall(r"\d+", path.name.removeprefix(_NAME))]

    return sorted(folder.glob(f"{_NAME}*"), key=begun)


def read_events(path: Path) -> Scalars:
    """Read an event file, also one that is being written.

    torchreid counts iterations and epochs from 0 and has scores in [0, 1]; here they are counted
    from 1 and in percent.

    Args:
        path: The file.

    Returns:
        Its scalars. A file of torchreid, which logs every iteration, also tells its start.
    """
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    accumulator = EventAccumulator(str(path), size_guidance={"scalars": 0, "images": 1})
    accumulator.Reload()
    tags = accumulator.Tags()["scalars"]
    found = Scalars()
    targets = {match["target"] for tag in tags if (match := _TEST.fullmatch(tag))}
    for tag in tags:
        events = [(event.step, event.value) for event in accumulator.Scalars(tag)]
        if match := _TEST.fullmatch(tag):
            name = score_name(_SCORES[match["score"]], match["target"], len(targets))
            found.evaluation[name] = {step + 1: 100 * value for step, value in events}
        elif tag.startswith("Train/"):
            found.training[tag.removeprefix("Train/")] = {s + 1: value for s, value in events}
        elif tag not in _LEFT_OUT:
            (found.evaluation if "/" in tag else found.training)[tag] = dict(events)
    if any(tag.startswith("Train/") for tag in tags):
        found.starts = [Start(min(min(series) for series in found.training.values()) - 1)]
    return found


def score_name(score: str, target: str, num_targets: int) -> str:
    """Name of a score of a torchreid run: as mmengine's, with the data set where there are several.

    Args:
        score: For example ``R1``.
        target: The data set.
        num_targets: How many data sets the run was tested on.
    """
    return f"reid/{score}" if num_targets == 1 else f"reid/{score} {target}"
