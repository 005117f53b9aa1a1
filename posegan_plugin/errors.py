"""The one error type that users are meant to see."""

from __future__ import annotations


class UserError(Exception):
    """Something that the user can put right: a file, a config key, a command line.

    The message is one sentence that names the file or key, says what is wrong with it and what to
    do. The command-line tools print it without a traceback and exit with code 2.
    """
