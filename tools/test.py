"""Evaluate a checkpoint: python tools/test.py CONFIG CHECKPOINT."""

from __future__ import annotations

import argparse

from mmengine.dist import is_main_process

from posegan_plugin.checkpoint import checkpoint_file, load_from, read_checkpoint
from posegan_plugin.for_mmengine.cli import (
    add_common_arguments,
    config_from,
    run_command,
    start_processes,
)
from posegan_plugin.for_mmengine.config import build_runner, prepare_for_dataset
from posegan_plugin.for_mmengine.other_generator import use_generator
from posegan_plugin.for_mmengine.score_report import report_scores
from posegan_plugin.for_mmengine.weight_files import leave_out_discriminators
from posegan_plugin.training import unwrap


def parse_args() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config", help="the config that the checkpoint was trained with")
    parser.add_argument(
        "checkpoint",
        help="a checkpoint, a weight file of tools/publish.py, or the work dir of a run for its newest",
    )
    parser.add_argument(
        "--generator",
        metavar="CHECKPOINT",
        help="likewise, or demo: draws the people in standard poses, in place of a generator in "
        "checkpoint; for re-ID networks of mode baseline",
    )
    add_common_arguments(parser)
    return parser.parse_args()


def main() -> None:
    """Evaluate, print the table and how its scores were computed, write scores.json."""
    args = parse_args()
    config = config_from(args)
    checkpoint = read_checkpoint(args.checkpoint)
    path = str(checkpoint_file(args.checkpoint))
    leave_out_discriminators(config.model, checkpoint)
    generator = use_generator(config.model, args.generator) if args.generator else None
    config.load_from = None if generator else path
    config.resume = False
    prepare_for_dataset(config)
    start_processes(config, args.launcher)
    runner = build_runner(config)
    if generator:
        load_from(checkpoint, unwrap(runner.model).reid, "reid", path)
    metrics = runner.test()
    if is_main_process():
        print(report_scores(runner, path, metrics, generator))


if __name__ == "__main__":
    run_command(main)
