"""Which share of the work falls to this process, and with what it does it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import torch

from posegan_plugin.errors import UserError

T = TypeVar("T")


@dataclass(frozen=True)
class Process:
    """One of the processes that work on a set.

    They never talk to each other: each takes its share of the parts, and the one that finds all parts
    done finishes the set. None waits for one that died.

    Attributes:
        rank: Number of this process, from 0.
        world_size: Number of processes.
        local_rank: Number of this process on its machine.
        local_world_size: Number of processes on its machine.
    """

    rank: int = 0
    world_size: int = 1
    local_rank: int = 0
    local_world_size: int = 1

    @classmethod
    def from_environment(cls) -> Process:
        """As ``torchrun`` says it in the environment; a single process where it says nothing.

        Raises:
            UserError: A variable is no number, or the rank does not fit the number of processes.
        """
        names = {"RANK": 0, "WORLD_SIZE": 1, "LOCAL_RANK": 0, "LOCAL_WORLD_SIZE": 1}
        try:
            process = cls(*(int(os.environ.get(name, value)) for name, value in names.items()))
        except ValueError as error:
            raise UserError(f"environment variables {', '.join(names)}: {error}") from error
        if not 0 <= process.rank < process.world_size:
            raise UserError(
                f"environment variable RANK={process.rank} does not fit WORLD_SIZE="
                f"{process.world_size}: start several processes with torchrun"
            )
        return process

    def share(self, parts: Sequence[T]) -> Sequence[T]:
        """The parts that fall to this process: the same however often it is started."""
        return parts[self.rank :: self.world_size]

    def device(self, name: str = "auto") -> torch.device:
        """The device of this process.

        Args:
            name: ``auto`` (a GPU of its own where there is CUDA, else the CPU), or as torch names it.

        Raises:
            UserError: There is no such device.
        """
        if name == "auto":
            name = "cuda" if torch.cuda.is_available() else "cpu"
        if name == "cuda" and torch.cuda.is_available():
            name = f"cuda:{self.local_rank % torch.cuda.device_count()}"
        try:
            torch.zeros(1, device=name)
        except (RuntimeError, AssertionError) as error:
            reason = str(error).splitlines()[0]
            raise UserError(f"device {name} cannot be used ({reason}); choose cpu") from error
        return torch.device(name)

    def workers(self) -> int:
        """Threads for this process: its share of the machine's cores, at most 8."""
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
        return max(1, min(8, (cores or 1) // self.local_world_size))


@contextmanager
def same_bits() -> Iterator[None]:
    """Networks give the same bits however many cores there are, and in every run.

    torch computes each batch in one thread, and chooses no kernel by timing. Several batches at a
    time use the cores better than several threads a batch do.
    """
    threads, cudnn = torch.get_num_threads(), torch.backends.cudnn
    flags = cudnn.benchmark, cudnn.deterministic
    torch.set_num_threads(1)
    cudnn.benchmark, cudnn.deterministic = False, True
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        cudnn.benchmark, cudnn.deterministic = flags


def machine(device: torch.device) -> str:
    """What computes: the same networks give other bits on another kind of it."""
    if device.type == "cuda":
        return f"{device.type} {torch.cuda.get_device_name(device)}"
    return f"{device.type} {torch.backends.cpu.get_cpu_capability()}"
