"""Evaluate a checkpoint: python tools/test.py CONFIG CHECKPOINT."""

from __future__ import annotations

import argparse

from posegan_plugin.checkpoint import newest_checkpoint, read_checkpoint
from posegan_plugin.for_mmengine.cli import (
    add_common_arguments,
    config_from,
    run_command,
    start_processes,
)
from posegan_plugin.for_mmengine.config import build_runner, prepare_for_dataset


def parse_args() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config", help="the config that the checkpoint was trained with")
    parser.add_argument("checkpoint", help="a checkpoint, or the work dir of a run for its newest")
    add_common_arguments(parser)
    return parser.parse_args()


def main() -> None:
    """Evaluate, print the table."""
    args = parse_args()
    config = config_from(args)
    read_checkpoint(args.checkpoint)
    config.load_from = str(newest_checkpoint(args.checkpoint) or args.checkpoint)
    config.resume = False
    prepare_for_dataset(config)
    start_processes(config, args.launcher)
    build_runner(config).test()


if __name__ == "__main__":
    run_command(main)
