"""Find 18 joints on every image of a folder: python tools/annotate_poses.py IMAGES --out poses.csv."""

from __future__ import annotations

import argparse
from pathlib import Path

from posegan_plugin.errors import UserError, printable
from posegan_plugin.for_mmengine.cli import run_command
from posegan_plugin.pose.annotate import annotate_images, check_output, parts_folder
from posegan_plugin.pose.convert import convert_poses
from posegan_plugin.pose.coverage import Coverage
from posegan_plugin.pose.estimation import BACKENDS, DEFAULT_THRESHOLDS, build_estimator
from posegan_plugin.pose.formats import (
    PoseFile,
    read_coco_json,
    read_mmpose_json,
    read_openpose_json,
)
from posegan_plugin.pose.image_list import ImageList, list_images
from posegan_plugin.pose.journal import discard
from posegan_plugin.pose.threshold import check_threshold

WRONG_IMAGES = (
    "are they upright crops of one person each, do the weights belong to a pose network for people, "
    "is --threshold too high?"
)
WRONG_FILES = "do the key points belong to these images, is --threshold too high?"


def parse_args() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("images", help="the folder of images, each the crop of one person")
    parser.add_argument("--out", required=True, help="the key point file to write, *.csv")
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--weights", help="the estimator's weight file")
    source.add_argument("--download", action="store_true", help="fetch the estimator's weights")
    source.add_argument(
        "--from-openpose", metavar="DIR", help="convert OpenPose's *_keypoints.json"
    )
    source.add_argument(
        "--from-coco",
        nargs="+",
        metavar="FILE",
        help="convert COCO annotations, or a result list with the annotation file it was made for",
    )
    source.add_argument("--from-mmpose", metavar="PATH", help="convert predictions of MMPose 1.x")
    parser.add_argument("--backend", choices=BACKENDS, default=BACKENDS[0], help="the estimator")
    defaults = ", ".join(f"{t} for {name}" for name, t in DEFAULT_THRESHOLDS.items())
    parser.add_argument(
        "--threshold",
        type=float,
        help=f"joints with a lower score are missing; default {defaults}, 0.3 for COCO and MMPose "
        "files, 0 for OpenPose's",
    )
    parser.add_argument("--batch-size", type=int, default=32, help="images at a time")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument(
        "--on-error",
        choices=("error", "skip"),
        default="error",
        help="what to do about images that cannot be decoded",
    )
    parser.add_argument(
        "--restart", action="store_true", help="replace the file and what an interrupted run left"
    )
    return parser.parse_args()


def main() -> None:
    """Estimate or convert, print the coverage."""
    args = parse_args()
    converts = bool(args.from_openpose or args.from_coco or args.from_mmpose)
    check_output(args.out, args.restart, goes_on=not converts)
    if args.threshold is not None:
        check_threshold(args.threshold)
    source = read_poses(args)
    if source is None:
        coverage = estimate(args)
    else:
        images = find_images(args)
        conversion = convert_poses(images, args.out, source)
        discard(parts_folder(Path(args.out)))
        coverage = conversion.coverage
        for line in conversion.lines():
            print(line)
    print(f"{args.out}: {sum(coverage)} images\n{coverage.table()}")
    coverage.require(args.out, WRONG_IMAGES if source is None else WRONG_FILES)


def read_poses(args: argparse.Namespace) -> PoseFile | None:
    """The poses of another program; ``None`` if they are to be estimated."""
    options = {} if args.threshold is None else {"threshold": args.threshold}
    if args.from_openpose:
        return read_openpose_json(args.from_openpose, **options)
    if args.from_mmpose:
        return read_mmpose_json(args.from_mmpose, **options)
    if args.from_coco:
        if len(args.from_coco) > 2:
            raise UserError("--from-coco: give one file, or a result list and its annotation file")
        return read_coco_json(*args.from_coco, **options)
    return None


def estimate(args: argparse.Namespace) -> Coverage:
    """Run the estimator."""
    estimator = build_estimator(
        args.backend, args.weights, args.threshold, args.device, args.download
    )
    threshold = DEFAULT_THRESHOLDS[args.backend] if args.threshold is None else args.threshold
    settings = {"device": args.device, "threshold": threshold}
    images = find_images(args)
    return annotate_images(
        images, args.out, estimator, args.batch_size, settings, restart=args.restart
    )


def find_images(args: argparse.Namespace) -> ImageList:
    """The images, those that are left out listed."""
    images = list_images(args.images, args.on_error == "skip")
    if images.skipped:
        print(f"{len(images.skipped)} images cannot be decoded and are left out:")
        print(*(printable(str(path)) for path in images.skipped), sep="\n")
    return images


if __name__ == "__main__":
    run_command(main)
