"""Keep the memory that large tensors on a CPU give back, for the next ones."""

from __future__ import annotations

import ctypes
import platform

# From glibc's malloc.h.
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3
_LARGEST = 2**31 - 1


def keep_freed_memory() -> bool:
    """Tell the C library not to return freed memory to the system.

    glibc maps every block above 32 MB anew and unmaps it when it is freed. A network on a CPU frees
    and asks for such blocks in every layer, and the system then spends more time on filling pages
    with zeros than the layers take. The process keeps its peak memory until it ends.

    Returns:
        Whether the C library took it: false where it is not glibc (macOS, Windows, musl).
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    mallopt = ctypes.CDLL(None).mallopt
    return all(
        mallopt(option, value) == 1
        for option, value in (
            (_MMAP_THRESHOLD, _LARGEST),
            (_TRIM_THRESHOLD, _LARGEST),
            (_TOP_PAD, 64 * 2**20),
        )
    )
