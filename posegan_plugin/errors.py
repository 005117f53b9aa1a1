"""The one error type that users are meant to see."""

from __future__ import annotations


class UserError(Exception):
    """Something that the user can put right: a file, a config key, a command line.

    The message is one sentence that names the file or key, says what is wrong with it and what to
    do. The command-line tools print it without a traceback and exit with code 2.
    """


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
