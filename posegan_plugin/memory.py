"""The memory of this machine: what is free, and how to keep what large tensors on a CPU give back."""

from __future__ import annotations

import ctypes
import platform
import re
from pathlib import Path

# From glibc's malloc.h.
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3
_LARGEST = 2**31 - 1
_FREE = Path("/proc/meminfo")
# What a container may have, by the two versions of control groups.
_LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)


def available_memory() -> int | None:
    """Bytes that this process can still take, at most.

    Returns:
        What is free, or the limit of the container if that is less; ``None`` where the system does
        not say (only Linux does).
    """
    if not (found := re.search(r"^MemAvailable: *(\d+) kB", _read(_FREE), re.MULTILINE)):
        return None
    limits = [int(text) for text in map(_read, _LIMITS) if text.strip().isdigit()]
    return min([1024 * int(found[1]), *limits])


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


def _read(file: Path) -> str:
    try:
        return file.read_text()
    except OSError:
        return ""
