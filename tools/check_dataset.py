"""Find what is wrong with a data set before hours are spent: python tools/check_dataset.py CONFIG."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from posegan_plugin.datasets import write_person_list
from posegan_plugin.datasets.checks import (
    ERROR,
    Finding,
    Inventory,
    check_people,
    clean,
    render_report,
    take_inventory,
    write_json,
)
from posegan_plugin.errors import UserError
from posegan_plugin.for_mmengine.cli import run_command
from posegan_plugin.for_mmengine.load_people import find_keypoint_files, find_people
from posegan_plugin.for_mmengine.people_source import add_people_arguments, people_source
from posegan_plugin.pose import write_keypoint_csv
from posegan_plugin.pose.files import check_writable


def parse_args() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog="Exit code 0: no error; 1: errors were found; 2: the data set could not be read.",
    )
    add_people_arguments(parser, positional=True)
    parser.add_argument(
        "--min-joints",
        type=int,
        help="joints a person needs to be posed; default: the config's, or 10",
    )
    parser.add_argument(
        "--fix",
        metavar="DIR",
        help="write what is usable as DIR/people.csv and DIR/keypoints.csv; no other file is touched",
    )
    parser.add_argument("--json", metavar="FILE", help="write the findings to a JSON file too")
    parser.add_argument("--workers", type=int, help="threads; default: one for each processor")
    return parser.parse_args()


def main() -> None:
    """Check, print the table, write what was asked for."""
    args = parse_args()
    for option in ("min_joints", "workers"):
        if getattr(args, option) is not None and getattr(args, option) < 1:
            raise UserError(f"--{option.replace('_', '-')} {getattr(args, option)}: give 1 or more")
    if args.fix:
        _check_free(Path(args.fix))
    if args.json:
        check_writable(args.json)
    inventory = _inventory(args)
    findings = check_people(inventory)
    print(render_report(inventory, findings))
    if args.json:
        write_json(args.json, inventory, findings)
    if args.fix:
        _fix(inventory, Path(args.fix))
    if any(f.severity == ERROR for f in findings):
        sys.exit(1)


def _inventory(args: argparse.Namespace) -> Inventory:
    people = people_source(args)
    on_disk = find_people(people.source, people.data_root)
    files = []
    if people.needs_keypoints or args.keypoints:
        files = find_keypoint_files(people.keypoints, on_disk.splits, people.data_root)
    least = args.min_joints or people.min_joints
    return take_inventory(on_disk, files, least, people.needs_keypoints, args.workers)


def _files(folder: Path) -> tuple[Path, Path]:
    return folder / "people.csv", folder / "keypoints.csv"


def _check_free(folder: Path) -> None:
    for path in _files(folder):
        if path.exists():
            raise UserError(f"--fix {folder}: {path.name} exists there; name another folder")
        check_writable(path)


def _fix(inventory: Inventory, folder: Path) -> None:
    cleaned, log = clean(inventory)
    people, keypoints = _files(folder)
    write_person_list(people, cleaned.on_disk.splits)
    again = f"--root {people}"
    if cleaned.poses:
        write_keypoint_csv(keypoints, cleaned.poses)
        again += f" --keypoints {keypoints}"
    done = "".join(f"\n  {count} {what}" for what, count in log.items())
    print(f"\n--fix: {done or 'nothing to leave out'}\nto be used as {again}")
    left = [f for f in check_people(cleaned) if f.severity == ERROR]
    if left:
        print(f"not mended: {', '.join(_name(f) for f in left)}")


def _name(finding: Finding) -> str:
    return f"{finding.check} ({finding.count})"


if __name__ == "__main__":
    run_command(main)
