"""Leave a training between two steps when a signal asks for it, and enter it there again."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterable, Iterator
from itertools import islice
from types import FrameType, TracebackType
from typing import TypeVar

from posegan_plugin.training.random_state import restore_random_state

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_NOTICE = b"\nstopping after this step; another signal quits at once\n"
Batch = TypeVar("Batch")


class StopSignals:
    """Within this context Ctrl-C and SIGTERM are noted instead of breaking a step in the middle.

    Only the first signal is; the next one acts as usual. Where it reaches the worker processes of
    a data loader too, as a batch system's does, their end does not break the step either. Nothing is
    changed where signals are ignored (``nohup``) or where this is not the main thread.

    Attributes:
        received: The signal that was noted; 0 for none, and after the context.
    """

    def __init__(self) -> None:
        self.received = 0
        self._process = os.getpid()
        self._usual: dict[int, object] = {}

    def __enter__(self) -> StopSignals:
        if threading.current_thread() is threading.main_thread():
            usual = {number: signal.getsignal(number) for number in _SIGNALS}
            self._usual = {n: h for n, h in usual.items() if h not in (signal.SIG_IGN, None)}
            for number in self._usual:
                signal.signal(number, self._note)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._restore()
        self.received = 0  # what follows, such as a test, is not to end too

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.received = number
        self._restore()
        if hasattr(signal, "SIGCHLD"):
            # torch's handler raises wherever this process is when a worker has died. Not SIG_DFL:
            # Python prints a traceback where a signal has come whose handler has just been removed.
            self._usual = {signal.SIGCHLD: signal.signal(signal.SIGCHLD, _nothing)}
        if os.getpid() == self._process:  # the workers of a data loader inherit the handler
            os.write(2, _NOTICE)  # print() is not allowed to be entered twice

    def _restore(self) -> None:
        for number, handler in self._usual.items():
            signal.signal(number, handler)


def _nothing(number: int, frame: FrameType | None) -> None:
    pass


def remaining_batches(
    batches: Iterable[Batch], done: int, state: dict[str, object] | None, signals: StopSignals
) -> Iterator[Batch]:
    """The batches of an epoch that an interrupted training has not seen yet.

    The loader makes the batches that are done once more, and they are dropped: samplers and worker
    processes then stand where they stood. Once a signal has been received the batches may end early,
    since it may have ended the workers.

    Args:
        batches: The epoch's loader; it has to start as it did then.
        done: How many batches were trained on.
        state: The random numbers after them, see :func:`random_state`; ``None`` with ``done`` 0.
        signals: Those that the training looks for.
    """
    try:
        iterator = iter(batches)
        next(islice(iterator, done, done), None)
        if state is not None:
            restore_random_state(state)
        yield from iterator
    except RuntimeError:
        if not signals.received:
            raise
