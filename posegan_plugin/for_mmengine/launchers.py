"""Which process this is, from the variables that each launcher sets."""

from __future__ import annotations

import os

import torch

from posegan_plugin.errors import UserError

_STARTED_BY = {"pytorch": "torchrun", "slurm": "srun", "mpi": "mpirun"}
# Rank, number of processes, rank on its machine; the first line is also what torch reads.
_NAMES = {
    "pytorch": ("RANK", "WORLD_SIZE", "LOCAL_RANK"),
    "slurm": ("SLURM_PROCID", "SLURM_NTASKS", "SLURM_LOCALID"),
    "mpi": ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK"),
}


def read_launcher(launcher: str) -> None:
    """Bring what a launcher says to the names that torch reads.

    mmengine does so too, but not for a CPU, and not ``LOCAL_RANK`` of ``mpi``: every process of a
    machine would wrap its networks for the first GPU.

    Args:
        launcher: ``pytorch``, ``slurm`` or ``mpi``.

    Raises:
        UserError: The launcher has not started this process, or nobody says where the first runs.
    """
    missing = [name for name in _NAMES[launcher] if name not in os.environ]
    if missing:
        raise UserError(
            f"--launcher {launcher}: the variable {missing[0]} is not set; start the command with "
            f"{_STARTED_BY[launcher]} (docs/distributed.md)"
        )
    values = [os.environ[name] for name in _NAMES[launcher]]
    os.environ.update(zip(_NAMES["pytorch"], values, strict=True))
    os.environ.setdefault("MASTER_PORT", "29500")  # as mmengine
    by_itself = launcher == "slurm" and torch.cuda.is_available()  # mmengine asks scontrol
    if "MASTER_ADDR" not in os.environ and not by_itself:
        raise UserError(
            f"--launcher {launcher}: set MASTER_ADDR to the machine of the first process "
            "(docs/distributed.md)"
        )
