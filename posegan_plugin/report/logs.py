"""What only the text logs of a run say."""

from __future__ import annotations

import re

from posegan_plugin.report.events import score_name
from posegan_plugin.report.scalars import Series, Start

_HEADER = re.compile(r"^System environment:\n(.*?)^-{20,}$", re.MULTILINE | re.DOTALL)
_ENTRY = re.compile(r"^ {4}(\S[^:]*): +(\S.*)$", re.MULTILINE)
_RESUMED = re.compile(r"resumed epoch: (\d+), iter: (\d+)")
_TARGET = re.compile(r"^#+ Evaluating (.+) \((?:source|target)\) #+$", re.MULTILINE)
_SCORE = re.compile(r"^(mAP|Rank-(\d+)) *: ([\d.]+)%$")
_SAVED = re.compile(r'^Checkpoint saved to ".*\.pth\.tar-(\d+)"')
_END = 'Checkpoint saved to "model.pth.tar-0"'
_EPOCH = re.compile(r"^epoch: \[(\d+)/(\d+)\]", re.MULTILINE)


def environment(text: str) -> dict[str, str]:
    """The machine and the versions, from the header of an mmengine log.

    Args:
        text: The log.

    Returns:
        What -> value, empty where there is no header. PyTorch's compiler flags, a page of them, are
        left out.
    """
    header = _HEADER.search(text)
    entries = dict(_ENTRY.findall(header[1])) if header else {}
    return {k: v for k, v in entries.items() if k != "PyTorch compiling details"}


def mmengine_start(text: str) -> Start:
    """Where a training began or went on, from the mmengine log of that start.

    Args:
        text: The log.
    """
    resumed = _RESUMED.search(text)
    return Start(int(resumed[2]), int(resumed[1])) if resumed else Start(0, 0)


def torchreid_scores(text: str) -> dict[str, Series]:
    """CMC and mAP of all evaluations, from a torchreid log.

    Args:
        text: What torchreid printed.

    Returns:
        Name as of :func:`posegan_plugin.report.events.score_name` -> epochs done -> percentage. The
        epoch is that of the checkpoint saved after the evaluation; 0 where there is none, as after a
        test alone.
    """
    targets = list(dict.fromkeys(_TARGET.findall(text)))
    found: dict[str, Series] = {}
    scores: dict[str, float] = {}
    target = ""
    for line in [*text.splitlines(), _END]:
        if match := _TARGET.match(line):
            target = match[1]
        elif match := _SCORE.match(line):
            score = f"R{match[2]}" if match[2] else "mAP"
            scores[score_name(score, target, len(targets))] = float(match[3])
        elif match := _SAVED.match(line):
            for name, value in scores.items():
                found.setdefault(name, {})[int(match[1])] = value
            scores = {}
    return found


def torchreid_epochs(text: str) -> tuple[int, int] | None:
    """The last epoch that a torchreid log speaks of, and how many there are to be.

    Args:
        text: What torchreid printed.
    """
    found = _EPOCH.findall(text)
    return (int(found[-1][0]), int(found[-1][1])) if found else None
