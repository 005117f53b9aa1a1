"""Keep the memory that large tensors on a CPU give back, for the next ones."""

from __future__ import annotations

import ctypes
import platform

# From glibc's malloc.h.
_TRIM_THRESHOLD, _MMAP_MAX = -1, -4


def keep_freed_memory() -> bool:
    """Tell the C library not to return freed memory to the system.

    glibc maps every block above 32 MB anew and unmaps it when it is freed. A network on a CPU frees
    and asks for such blocks in every layer, and the system then spends more time on filling pages
    with zeros than the layers take. The command line tools call it where there is no GPU; a program
    that imports the package calls it itself, once, if it likes: it holds for the whole process.

    The price: the process keeps its peak memory until it ends, also while a smaller phase follows
    that could have left it to others. The peak is higher, by a quarter at most in what was tried,
    since gaps between blocks in use stay too. A training fills the same gaps again and does not grow
    (the demo: flat over 600 steps, 1.2 instead of 1.0 GB); a program that keeps something small
    after each large block it frees may.
    DataLoader workers are forked with the setting and keep their own, small peaks. ``malloc_trim``
    still returns everything; blocks of other threads and other allocators are as they were.

    Returns:
        Whether the C library took it: false where it is not glibc (macOS, Windows, musl).
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    mallopt = ctypes.CDLL(None).mallopt
    # Nothing is mapped for itself, and the end of the heap never given back.
    return mallopt(_MMAP_MAX, 0) == 1 and mallopt(_TRIM_THRESHOLD, -1) == 1
