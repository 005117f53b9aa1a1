"""How much memory is left for something large."""

from __future__ import annotations

import re
from pathlib import Path

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


def _read(file: Path) -> str:
    try:
        return file.read_text()
    except OSError:
        return ""
