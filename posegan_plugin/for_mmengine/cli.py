"""What the command-line tools share."""

from __future__ import annotations

import sys
from collections.abc import Callable

import torch
from mmengine.config import Config

from posegan_plugin.errors import UserError


def run_command(main: Callable[[], None]) -> None:
    """Run a tool; a user's mistake is one sentence on stderr and exit code 2, never a traceback.

    Args:
        main: The tool.
    """
    try:
        main()
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    finally:
        if torch.distributed.is_available() and torch.distributed.is_initialized():
            torch.distributed.destroy_process_group()


def start_processes(config: Config, launcher: str) -> None:
    """Set up distributed training.

    Args:
        config: Gets its ``launcher``, and a model wrapper where there is none.
        launcher: ``none``, ``pytorch``, ``slurm`` or ``mpi``.
    """
    config.launcher = launcher
    if launcher == "none":
        return
    config.setdefault("model_wrapper_cfg", {"type": "posegan_plugin.SeparateDDP"})
    if launcher == "pytorch" and not torch.cuda.is_available():
        # mmengine asks for a CUDA device even with gloo; it leaves a group alone that exists.
        torch.distributed.init_process_group("gloo")
