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
    find_resume,
    prepare_for_dataset,
    set_epochs,
    use_amp,
)


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
    parser.add_argument("--amp", action="store_true", help="mixed precision")
    parser.add_argument(
        "--amp-dtype",
        choices=tuple(AMP),
        default="bfloat16",
        help="of --amp; float16 (with loss scaling) for GPUs that are slow at bfloat16",
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
    if args.amp:
        use_amp(config, args.amp_dtype)
    if args.resume:
        config.load_from = find_resume(config.work_dir, args.resume)
        config.resume = config.load_from is not None
    prepare_for_dataset(config)
    start_processes(config, args.launcher)
    build_runner(config).train()


if __name__ == "__main__":
    run_command(main)
