"""What ends a run in a way that users are meant to see."""

from __future__ import annotations

from collections.abc import Iterable


class UserError(Exception):
    """Something that the user can put right: a file, a config key, a command line.

    The command-line tools print it without a traceback and exit with code 2.

    Args:
        message: One sentence that names the file or key, says what is wrong with it and what to do.
        details: Lists that would be too long for a sentence; they are printed below it.

    Attributes:
        in_every_process: Whether all processes of a distributed run have one, so that they can wait
            for each other: a launcher ends all as soon as one has ended.
    """

    in_every_process: bool = False

    def __init__(self, message: str, details: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.details = tuple(details)

    def report(self) -> str:
        """What a tool prints: the sentence, and the details indented below it."""
        return "\n".join(
            [f"error: {sentence(self)}", *(f"  {printable(line)}" for line in self.details)]
        )


class Interrupted(Exception):  # noqa: N818 (nothing went wrong)
    """A signal has ended a training, and everything needed to go on is on the disk.

    Args:
        where: Where the training stands, for example ``in epoch 3 after 5 of 9 batches``.
        saved_in: The checkpoint, or the folder that holds it.
        signal_number: The signal.
    """

    def __init__(self, where: str, saved_in: object, signal_number: int) -> None:
        super().__init__(f"interrupted {where}, saved in {saved_in}")
        self.saved_in = str(saved_in)
        self.signal_number = signal_number

    @property
    def exit_code(self) -> int:
        """What a shell expects of a process that a signal has ended: 130 or 143."""
        return 128 + self.signal_number


def sentence(error: UserError) -> str:
    """The message as a tool prints it, on one line.

    Args:
        error: From this process, or as a data loader hands it on from a worker: with the worker's
            traceback in front.
    """
    in_traceback = f"{UserError.__module__}.{UserError.__qualname__}: "
    return printable(str(error).rsplit(in_traceback, 1)[-1].strip())


def printable(text: str) -> str:
    """Text that can be printed on one line: a file name may hold line breaks and bytes of no text."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
