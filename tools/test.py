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
from posegan_plugin.for_mmengine.describer import PersonDescriber
from posegan_plugin.for_mmengine.evaluated import evaluated_model, use_generator
from posegan_plugin.for_mmengine.pretrained import pretrained_file
from posegan_plugin.for_mmengine.score_report import report_scores
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
    path = checkpoint_file(args.checkpoint)
    checkpoint = read_checkpoint(path)
    drawn_by = drawing = None
    if args.generator:
        drawn_by = pretrained_file(args.generator)
        drawing = read_checkpoint(drawn_by)
        use_generator(config.model, drawing, drawn_by)
    config.load_from, config.resume = None, False
    prepare_for_dataset(config)
    config.model = evaluated_model(config.model)
    start_processes(config, args.launcher)
    runner = build_runner(config)
    model = unwrap(runner.model)
    if type(model) is PersonDescriber:
        load_from(checkpoint, model.reid, "reid", path)
        if model.generator is not None:
            load_from(drawing or checkpoint, model.generator, "generator", drawn_by or path)
    else:  # a model of the user's
        runner.load_checkpoint(str(path))
    metrics = runner.test()
    if is_main_process():
        print(report_scores(runner, path, metrics, drawn_by))


if __name__ == "__main__":
    run_command(main)
