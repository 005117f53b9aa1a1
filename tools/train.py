"""Train a re-ID network with people in new poses: python tools/train.py CONFIG."""

from __future__ import annotations

import argparse
import os

from mmengine.config import DictAction

from posegan_plugin.for_mmengine.cli import run_command, start_processes
from posegan_plugin.for_mmengine.config import (
    build_runner,
    find_resume,
    load_config,
    prepare_for_dataset,
    set_epochs,
    use_amp,
)


def parse_args() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config", help="config file, for example configs/pose_quartet_market.py")
    parser.add_argument("--data-root", help="folder of the data sets (config key data_root)")
    parser.add_argument("--work-dir", help="where logs, checkpoints and pictures go")
    parser.add_argument(
        "--resume",
        nargs="?",
        const="auto",
        metavar="CHECKPOINT",
        help="go on from the newest checkpoint in the work dir, or from the one named",
    )
    parser.add_argument("--amp", action="store_true", help="mixed precision (bfloat16)")
    parser.add_argument("--epochs", type=int, help="length; schedules keep their shape")
    parser.add_argument(
        "--cfg-options",
        nargs="+",
        action=DictAction,
        help="overrides, for example model.mode=baseline train_dataloader.num_workers=4",
    )
    parser.add_argument(
        "--launcher", choices=("none", "pytorch", "slurm", "mpi"), default="none", help="processes"
    )
    parser.add_argument("--local_rank", "--local-rank", type=int, default=0)
    return parser.parse_args()


def main() -> None:
    """Train, evaluate, print the table."""
    args = parse_args()
    os.environ.setdefault("LOCAL_RANK", str(args.local_rank))
    config = load_config(args.config, args.cfg_options, args.data_root)
    if args.work_dir:
        config.work_dir = args.work_dir
    if args.epochs is not None:
        set_epochs(config, args.epochs)
    if args.amp:
        use_amp(config)
    if args.resume:
        config.load_from = find_resume(config.work_dir, args.resume)
        config.resume = config.load_from is not None
    prepare_for_dataset(config)
    start_processes(config, args.launcher)
    build_runner(config).train()


if __name__ == "__main__":
    run_command(main)
