"""Evaluate a checkpoint: python tools/test.py CONFIG CHECKPOINT."""

from __future__ import annotations

import argparse
import os

from mmengine.config import DictAction

from posegan_plugin.checkpoint import read_checkpoint
from posegan_plugin.for_mmengine.cli import run_command, start_processes
from posegan_plugin.for_mmengine.config import build_runner, load_config, prepare_for_dataset


def parse_args() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config", help="the config that the checkpoint was trained with")
    parser.add_argument("checkpoint", help="for example work_dirs/NAME/epoch_60.pth")
    parser.add_argument("--data-root", help="folder of the data sets (config key data_root)")
    parser.add_argument("--work-dir", help="where logs and pictures go")
    parser.add_argument("--cfg-options", nargs="+", action=DictAction, help="overrides")
    parser.add_argument(
        "--launcher", choices=("none", "pytorch", "slurm", "mpi"), default="none", help="processes"
    )
    parser.add_argument("--local_rank", "--local-rank", type=int, default=0)
    return parser.parse_args()


def main() -> None:
    """Evaluate, print the table."""
    args = parse_args()
    os.environ.setdefault("LOCAL_RANK", str(args.local_rank))
    config = load_config(args.config, args.cfg_options, args.data_root)
    if args.work_dir:
        config.work_dir = args.work_dir
    read_checkpoint(args.checkpoint)
    config.load_from, config.resume = args.checkpoint, False
    prepare_for_dataset(config)
    start_processes(config, args.launcher)
    build_runner(config).test()


if __name__ == "__main__":
    run_command(main)
