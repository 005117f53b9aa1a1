"""How the tools are told which people to work on: a config, or a folder."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from posegan_plugin.errors import UserError
from posegan_plugin.for_mmengine.config import load_config


class PeopleSource(NamedTuple):
    """What was named.

    Attributes:
        source: ``source`` key of a data set, see
            :func:`posegan_plugin.for_mmengine.dataset.load_people`.
        data_root: The folder that holds the data sets.
        keypoints: Key point files as given, below ``data_root`` or ``None`` for those beside the
            images, see :func:`posegan_plugin.for_mmengine.dataset.load_keypoints`.
    """

    source: dict | str
    data_root: str
    keypoints: list[str] | None


def add_people_arguments(parser: argparse.ArgumentParser) -> None:
    """The options that name people: ``--config`` (``--root``: its data root), or ``--root`` alone."""
    group = parser.add_argument_group("people")
    group.add_argument("--config", help="a training config; its training data set is taken")
    group.add_argument(
        "--root",
        help="the folder of the data set; with --config or --dataset: the folder that holds it",
    )
    group.add_argument(
        "--dataset",
        help="a data set that torchreid knows, such as market1501; without it, --root is a folder in "
        "Market-1501's layout, or of images named PID_cCAMERA...",
    )
    group.add_argument(
        "--keypoints",
        nargs="+",
        metavar="CSV",
        help="key point files; default: those beside the images",
    )


def people_source(args: argparse.Namespace) -> PeopleSource:
    """What the arguments of :func:`add_people_arguments` name.

    Raises:
        UserError: Neither config nor folder is named, both name a data set, or the config has none.
    """
    if not args.config and not args.root:
        raise UserError("name the people: --config CONFIG, or --root DIR (with --dataset NAME)")
    if args.config and args.dataset:
        raise UserError(f"--dataset {args.dataset}: the config names the data set; leave one out")
    files = _absolute(args.keypoints)
    if not args.config:
        name = args.dataset or "market_layout"
        return PeopleSource({"name": name}, args.root, files)
    config = load_config(args.config, data_root=args.root)
    loader = config.get("train_dataloader")
    if loader is None or "source" not in loader.dataset:
        raise UserError(f"config {args.config} has no train_dataloader.dataset.source")
    dataset = loader.dataset
    return PeopleSource(dataset.source, dataset.data_root, files or dataset.get("keypoints"))


def _absolute(files: Sequence[str] | None) -> list[str] | None:
    """Files of the command line are relative to where the user stands, not to the data root."""
    return None if files is None else [str(Path(f).resolve()) for f in files]
