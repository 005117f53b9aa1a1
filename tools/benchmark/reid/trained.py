"""What a finished training gives, whichever toolbox it ran in."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from torch import Tensor, nn

from posegan_plugin.pose import write_atomic


@dataclass(frozen=True)
class Trained:
    """A finished training.

    Attributes:
        describe: Images (B, 3, H, W) in [-1, 1] -> retrieval descriptors (B, D).
        generator: What synthesised people in it, if anything did.
        seconds: Time of the training steps, loading of data included.
        steps: Their number.
        toolbox: R1 and mAP in percent as the toolbox itself has measured them, if it has.
    """

    describe: Callable[[Tensor], Tensor]
    generator: nn.Module | None
    seconds: float
    steps: int
    toolbox: dict[str, float] | None = None


class Training(Protocol):
    """A training that is about to be made, or to go on.

    Attributes:
        content: All that its result depends on but the seed, without places of files.
    """

    content: dict

    def train(self, folder: Path) -> Trained:
        """Train to the end, from the newest checkpoint in the folder if there is one."""


class Clock:
    """Adds up the time that a function takes, in a file.

    Args:
        path: The file; time in it from an earlier process counts.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.seconds: float = json.loads(path.read_text()) if path.is_file() else 0.0

    def timed(self, function: Callable) -> Callable:
        """The function, timed; also where it ends with an exception."""

        def call(*args: object, **kwargs: object) -> object:
            start = time.perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                self.seconds += time.perf_counter() - start
                write_atomic(self._path, json.dumps(self.seconds).encode())

        return call
