"""What the command-line tools share."""

from __future__ import annotations

import argparse
import io
import os
import shlex
import signal
import sys
import warnings
from collections.abc import Callable
from datetime import timedelta

import torch
from mmengine.config import Config, DictAction
from mmengine.dist import barrier, is_main_process

from posegan_plugin.errors import Interrupted, UserError
from posegan_plugin.for_mmengine.config import load_config
from posegan_plugin.for_mmengine.launchers import read_launcher
from posegan_plugin.memory import keep_freed_memory


class OptionsAction(DictAction):
    """``--cfg-options KEY=VALUE ...``; anything else is an error of the command line."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: list[str],
        option_string: str | None = None,
    ) -> None:
        """Parse the pairs."""
        wrong = [v for v in values if "=" not in v]
        if wrong:
            parser.error(f"{option_string} {wrong[0]}: expected KEY=VALUE")
        super().__call__(parser, namespace, values, option_string)


def add_common_arguments(parser: argparse.ArgumentParser) -> None:
    """The options that training and testing share."""
    parser.add_argument("--data-root", help="folder of the data sets (config key data_root)")
    parser.add_argument("--work-dir", help="where logs, checkpoints and pictures go")
    parser.add_argument(
        "--cfg-options",
        nargs="+",
        action=OptionsAction,
        help="overrides, for example model.mode=baseline train_dataloader.num_workers=4",
    )
    parser.add_argument(
        "--launcher", choices=("none", "pytorch", "slurm", "mpi"), default="none", help="processes"
    )
    # torch.distributed.launch passes it; torchrun sets the environment variable instead.
    parser.add_argument("--local_rank", "--local-rank", type=int, default=0, help=argparse.SUPPRESS)


def config_from(args: argparse.Namespace) -> Config:
    """The config that the common arguments ask for.

    Raises:
        UserError: The config or an override cannot be used.
    """
    os.environ.setdefault("LOCAL_RANK", str(args.local_rank))
    config = load_config(args.config, args.cfg_options, args.data_root)
    if args.work_dir:
        config.work_dir = args.work_dir
    return config


def run_command(main: Callable[[], None]) -> None:
    """Run a tool; a user's mistake is one sentence on stderr and exit code 2, never a traceback.

    A training that a signal has ended says how to go on, and exits with 128 + the signal's number.
    Where there is no GPU, the process keeps the memory it frees: see
    :func:`posegan_plugin.memory.keep_freed_memory`.

    Args:
        main: The tool.
    """
    # Discriminators that wait for their ramp have a schedule but make no step yet.
    warnings.filterwarnings("ignore", message=r"Detected call of `(lr_)?scheduler\.step")
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # file names need not be text
    if not torch.cuda.is_available():
        keep_freed_memory()
    try:
        main()
    except UserError as error:
        print(error.report(), file=sys.stderr, flush=True)
        if error.in_every_process:
            barrier()
        sys.exit(2)
    except Interrupted as stop:
        if is_main_process():
            print(f"{stop}; go on with: {_resume_command()}", file=sys.stderr)
        sys.exit(stop.exit_code)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(128 + signal.SIGINT)
    finally:
        if torch.distributed.is_available() and torch.distributed.is_initialized():
            torch.distributed.destroy_process_group()


def _resume_command() -> str:
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        return "the same command and --resume"  # the launcher's part of it is not known here
    # Behind everything, it also outweighs a --resume CHECKPOINT.
    line = sys.argv if sys.argv[-1] == "--resume" else [*sys.argv, "--resume"]
    return shlex.join(["python", *line])


def start_processes(config: Config, launcher: str) -> None:
    """Set up distributed training.

    Args:
        config: Gets its ``launcher``, a model wrapper where there is none, and the hook that averages
            batch norm statistics over the processes: each would evaluate with its own, and the
            checkpoint would hold those of the first.
        launcher: ``none``, ``pytorch``, ``slurm`` or ``mpi``.

    Raises:
        UserError: The launcher has not started this process, or ``sync_bn`` is asked for on a CPU.
    """
    config.launcher = launcher
    if launcher == "none":
        return
    read_launcher(launcher)
    if config.get("sync_bn") is not None and not torch.cuda.is_available():
        raise UserError("sync_bn: torch's synchronised batch norm needs GPUs; set sync_bn=None")
    config.setdefault("model_wrapper_cfg", {"type": "posegan_plugin.SeparateDDP"})
    config.custom_hooks = [*(config.get("custom_hooks") or ()), {"type": "SyncBuffersHook"}]
    if not torch.cuda.is_available():
        # mmengine asks for a CUDA device even with gloo; it leaves a group alone that exists.
        seconds = (config.get("env_cfg") or {}).get("dist_cfg", {}).get("timeout")
        timeout = None if seconds is None else timedelta(seconds=seconds)
        torch.distributed.init_process_group("gloo", timeout=timeout)
