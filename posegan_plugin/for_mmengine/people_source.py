"""How the tools are told which people to work on: a config, a folder, or a list."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from posegan_plugin.augment import SynthesisPolicy
from posegan_plugin.datasets.market_layout import FOLDERS as MARKET_FOLDERS
from posegan_plugin.errors import UserError
from posegan_plugin.folders import is_file, is_folder
from posegan_plugin.for_mmengine.config import load_config


class PeopleSource(NamedTuple):
    """What was named.

    Attributes:
        source: ``source`` key of a data set, see
            :func:`posegan_plugin.for_mmengine.load_people.load_people`.
        data_root: The folder that holds the data sets.
        keypoints: Key point files as given, below ``data_root`` or ``None`` for those beside the
            images, see :func:`posegan_plugin.for_mmengine.load_people.load_keypoints`.
        needs_keypoints: Whether the config's training needs key points; true without a config.
        min_joints: Joints that the config's training asks of a person to be posed.
        on_error: What the config's training does about damaged images and rows of key points.
    """

    source: dict | str
    data_root: str
    keypoints: list[str] | None
    needs_keypoints: bool = True
    min_joints: int = SynthesisPolicy.min_joints
    on_error: str = "error"


def add_people_arguments(parser: argparse.ArgumentParser, positional: bool = False) -> None:
    """The options that name people: ``--config`` (``--root``: its data root), or ``--root`` alone.

    Args:
        parser: Gets them.
        positional: Whether the config can be given without ``--config`` too.
    """
    group = parser.add_argument_group("people")
    config = group.add_mutually_exclusive_group()
    config.add_argument(
        "--config", metavar="CONFIG", help="a training config; its training data set is taken"
    )
    if positional:
        # Suppressed: an absent positional would overwrite what --config has set.
        config.add_argument(
            "config", nargs="?", default=argparse.SUPPRESS, help="the same, shorter"
        )
    group.add_argument(
        "--root",
        help="the folder of the data set, or a csv file that lists people; with --config or --dataset: "
        "the folder that holds the data set",
    )
    group.add_argument(
        "--dataset",
        help="a data set that torchreid knows, such as market1501; without it, --root is a folder in "
        "Market-1501's layout, one of images named PID_cCAMERA..., or a csv file split,path,pid,camid",
    )
    group.add_argument(
        "--keypoints",
        nargs="+",
        metavar="CSV",
        help="key point files; default: those beside the images (*annotation*.csv)",
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
        if args.dataset:
            return PeopleSource({"name": args.dataset}, args.root, files)
        return PeopleSource(*_layout_of(Path(args.root)), files)
    config = load_config(args.config, data_root=args.root)
    loader = config.get("train_dataloader")
    if loader is None or "source" not in loader.dataset:
        raise UserError(f"config {args.config} has no train_dataloader.dataset.source")
    dataset, model = loader.dataset, config.get("model") or {}
    return PeopleSource(
        dataset.source,
        dataset.data_root,
        files or dataset.get("keypoints"),
        dataset.get("require_keypoints", model.get("mode") != "baseline"),
        (model.get("augment") or {}).get("min_joints", SynthesisPolicy.min_joints),
        dataset.get("on_error", "error"),
    )


def _layout_of(root: Path) -> tuple[dict[str, str], str]:
    """``source`` key and data root of a folder or a list of people."""
    if is_file(root):
        return {"name": "person_list", "file": root.name}, str(root.parent)
    train, *test = (is_folder(root / folder) for folder in MARKET_FOLDERS)
    if any(test):  # if another one is missing, the reader of this layout says so
        return {"name": "market_layout"}, str(root)
    # A training set alone, as synthesize.py makes it of a folder of crops; a preview lies beside it.
    folder = {"folder": MARKET_FOLDERS[0]} if train else {}
    return {"name": "image_folder", **folder}, str(root)


def _absolute(files: Sequence[str] | None) -> list[str] | None:
    """Files of the command line are relative to where the user stands, not to the data root."""
    return None if files is None else [str(Path(f).resolve()) for f in files]
