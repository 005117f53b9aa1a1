"""Train a re-ID network with people in new poses: python tools/train.py CONFIG."""

from __future__ import annotations

import argparse

from posegan_plugin.for_mmengine.cli import (
    add_common_arguments,
    config_from,
    run_command,
    start_processes,
)
from posegan_plugin.for_mmengine.config import (
    AMP,
    build_runner,
    prepare_for_dataset,
    set_epochs,
    use_amp,
)
from posegan_plugin.for_mmengine.resume import find_resume, resume_from


def parse_args() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config", help="config file, for example configs/pose_quartet_market.py")
    parser.add_argument(
        "--resume",
        nargs="?",
        const="auto",
        metavar="CHECKPOINT",
        help="go on from the newest checkpoint in the work dir, or from the one named",
    )
    parser.add_argument("--amp", action="store_true", help="mixed precision (bfloat16)")
    parser.add_argument(
        "--amp-dtype",
        choices=tuple(AMP),
        help="mixed precision of this type; float16, with loss scaling, is for GPUs without bfloat16",
    )
    parser.add_argument("--epochs", type=int, help="length; schedules keep their shape")
    add_common_arguments(parser)
    return parser.parse_args()


def main() -> None:
    """Train, evaluate, print the table."""
    args = parse_args()
    config = config_from(args)
    if args.epochs is not None:
        set_epochs(config, args.epochs)
    if args.amp or args.amp_dtype:
        use_amp(config, args.amp_dtype or "bfloat16")
    # Where there is nothing to go on from, a config's own load_from stays.
    if args.resume and (checkpoint := find_resume(config.work_dir, args.resume)):
        resume_from(config, checkpoint)
    prepare_for_dataset(config)
    start_processes(config, args.launcher)
    build_runner(config).train()


if __name__ == "__main__":
    run_command(main)
