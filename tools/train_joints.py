"""Train a small pose estimator on images with key points: python tools/train_joints.py --root DIR.

It is written as an ONNX file that tools/annotate_poses.py reads as it reads RTMPose's.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import torch

from posegan_plugin.for_mmengine.cli import run_command
from posegan_plugin.for_mmengine.joint_people import load_joint_people
from posegan_plugin.for_mmengine.people_source import add_people_arguments, people_source
from posegan_plugin.models.joint_network import JointNetwork
from posegan_plugin.models.onnx_export import check_export_packages, export_onnx
from posegan_plugin.pose.files import check_writable
from posegan_plugin.training.joint_scores import evaluate_joints, score_mean_pose
from posegan_plugin.training.joints import JointSchedule, train_joints


def parse_args() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_people_arguments(parser)
    parser.add_argument("--out", default="joints.onnx", help="file to write (joints.onnx)")
    parser.add_argument(
        "--size",
        type=int,
        nargs=2,
        default=(128, 64),
        metavar=("HEIGHT", "WIDTH"),
        help="of the network's input, multiples of 16; a larger one is finer and slower (128 64)",
    )
    parser.add_argument("--epochs", type=_at_least(1), default=30, help="(30)")
    parser.add_argument("--batch-size", type=_at_least(1), default=64, help="(64)")
    parser.add_argument("--seed", type=_at_least(0), default=0, help="(0)")
    parser.add_argument(
        "--threshold",
        type=float,
        default=0.3,
        help="score from which a joint counts as found in the table at the end (0.3)",
    )
    return parser.parse_args()


def main() -> None:
    """Train, write the file, and score it on people that were not trained on."""
    args = parse_args()
    check_export_packages()
    check_writable(args.out)
    torch.manual_seed(args.seed)
    network = JointNetwork(tuple(args.size))
    train, test = load_joint_people(people_source(args), network.image_size, args.seed)
    print(f"to train on: {train.coverage(1)}\nto test on: {test.coverage(1)}")
    network.to("cuda" if torch.cuda.is_available() else "cpu")
    try:
        train_joints(network, train, JointSchedule(args.epochs, args.batch_size, seed=args.seed))
    except KeyboardInterrupt:
        raise SystemExit("stopped before the end: nothing was written") from None
    export_onnx(network, args.out)
    print(evaluate_joints(network, test, args.threshold).table())
    trivial = score_mean_pose(train, test).overall
    print(f"the mean pose of the training people: PCK@0.1 {trivial[0]:.3f}, @0.05 {trivial[1]:.3f}")
    print(f"{args.out}: {Path(args.out).stat().st_size / 1e6:.1f} MB")


def _at_least(low: int) -> Callable[[str], int]:
    """A type of argparse: whole numbers from ``low`` on."""

    def number(text: str) -> int:
        if int(text) < low:
            raise argparse.ArgumentTypeError(f"{text} is below {low}")
        return int(text)

    return number


if __name__ == "__main__":
    run_command(main)
