"""What a process and its work dir look like from time to time, and whether that grows."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from statistics import fmean

import torch

EVERY = 100
"""Steps between two looks."""


@dataclass
class Sample:
    """One look; memory and sizes in MB (2**20 bytes)."""

    step: int
    memory_mb: float  # as the system sees it
    used_mb: float  # after malloc has given back what it keeps of freed memory
    cuda_mb: float
    open_files: int
    threads: int
    files: int
    work_dir_mb: float
    log_mb: float
    checkpoint_mb: float
    cpu_ms_a_step: float


def read_status() -> dict[str, int]:
    """What the system says about this process; sizes in KB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    pairs = (line.replace(" kB", "").split(":", 1) for line in lines)
    return {name: int(value) for name, value in pairs if value.strip().isdecimal()}


class Probe:
    """Counts steps and looks every ``EVERY``.

    Args:
        work_dir: Of the run.
        kept: Checkpoints, as a pattern; the newest one's size is noted.
        last: The step after which nobody looks any more.
    """

    def __init__(self, work_dir: Path, kept: str, last: int) -> None:
        self.work_dir = work_dir
        self.kept = kept
        self.last = last
        self.samples: list[Sample] = []
        self.steps = 0
        self.seconds = 0.0

    @contextlib.contextmanager
    def step(self) -> Iterator[None]:
        """Around one step, of which the time is taken."""
        start = time.process_time()
        yield
        self.count(time.process_time() - start)

    def count(self, seconds: float) -> None:
        """A step is over that took so many seconds."""
        self.steps += 1
        self.seconds += seconds
        if self.steps % EVERY == 0 and self.steps <= self.last:
            self.samples.append(self._look())
            self.seconds = 0.0

    def _look(self) -> Sample:
        status = read_status()
        gc.collect()
        ctypes.CDLL(None).malloc_trim(0)
        sizes = {p: p.stat().st_size / 2**20 for p in self.work_dir.rglob("*") if p.is_file()}
        logs = {p for p in sizes if p.suffix in (".log", ".json") or ".tfevents." in p.name}
        checkpoints = sorted(self.work_dir.glob(self.kept), key=lambda p: p.stat().st_mtime_ns)
        return Sample(
            step=self.steps,
            memory_mb=status["VmRSS"] / 1024,
            used_mb=read_status()["VmRSS"] / 1024,
            cuda_mb=torch.cuda.memory_allocated() / 2**20,
            open_files=len(list(Path("/proc/self/fd").iterdir())),
            threads=status["Threads"],
            files=len(sizes),
            work_dir_mb=sum(size for path, size in sizes.items() if path not in logs),
            log_mb=sum(sizes[path] for path in logs),
            checkpoint_mb=sizes[checkpoints[-1]] if checkpoints else 0.0,
            cpu_ms_a_step=1000 * self.seconds / EVERY,
        )


def growth(samples: list[Sample]) -> dict[str, float]:
    """By how much the mean of each value grows from the second quarter of a run to the last."""
    quarter = len(samples) // 4

    def mean(part: list[Sample], name: str) -> float:
        return fmean(getattr(sample, name) for sample in part)

    early, late = samples[quarter : 2 * quarter], samples[-quarter:]
    return {
        f.name: mean(late, f.name) - mean(early, f.name) for f in fields(Sample) if f.name != "step"
    }


def table(samples: list[Sample], grown: dict[str, float], limits: dict[str, float]) -> str:
    """The samples, a line with the growth, one with the limits and the verdict."""
    names = [f.name for f in fields(Sample)]
    lines = ["".join(f"{name:>15}" for name in names)]
    lines += ["".join(f"{v:>15.6g}" for v in asdict(sample).values()) for sample in samples]
    for title, row in (("growth", grown), ("limit", limits)):
        cells = [f"{row[n]:>15.3g}" if n in row else f"{'':>15}" for n in names[1:]]
        lines.append(f"{title:>15}" + "".join(cells))
    return "\n".join(lines)
