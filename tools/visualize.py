"""Pictures of people, poses and trained networks: python tools/visualize.py WHAT ... --out FILE.png.

WHAT: transfer (people in target poses, several checkpoints side by side), masks (attention of PAAN
and PAGN), ranked (what queries find), walk (one person through poses), poses (key points).
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np

from posegan_plugin.evaluation.transfer_pairs import TransferPairs, fixed_pairs
from posegan_plugin.for_mmengine.cli import run_command
from posegan_plugin.for_mmengine.figure_inputs import (
    ShownPeople,
    describers_of,
    find_person,
    generators_of,
    load_runs,
    people_of,
)
from posegan_plugin.for_mmengine.people_source import add_people_arguments, people_source
from posegan_plugin.for_mmengine.pretrained import MODEL_CONFIG, Pretrained
from posegan_plugin.visualization import figures, save_gif, save_image
from posegan_plugin.visualization.gif import check_gif_path
from posegan_plugin.visualization.grid import check_picture_path

KEYPOINT_IMAGE_SIZE = (256, 128)


def parse_args() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="WHAT")

    transfer = _command(
        commands, draw_transfer, "transfer", "people in target poses, checkpoints side by side"
    )
    transfer.add_argument("--rows", type=_at_least(1), default=8, help="people shown (8)")
    transfer.add_argument(
        "--poses", type=_at_least(1), help="draw each person in these many poses of others"
    )

    masks = _command(
        commands, draw_masks, "masks", "attention masks of PAAN and PAGN", several=False
    )
    masks.add_argument("--rows", type=_at_least(1), default=6, help="people shown (6)")

    ranked = _command(commands, draw_ranked, "ranked", "what queries find in the gallery")
    ranked.add_argument("--queries", type=_at_least(1), default=10, help="queries shown (10)")
    ranked.add_argument("--top", type=_at_least(1), default=10, help="gallery images of each (10)")
    ranked.add_argument(
        "--wrong-first",
        action="store_true",
        help="the queries whose first right image comes latest, not random ones",
    )

    walk = _command(commands, draw_walk, "walk", "one person through many poses")
    walk.add_argument("--person", help="an image by name or number; default: the first")
    walk.add_argument("--poses", type=_at_least(1), default=8, help="number of poses (8)")
    walk.add_argument("--gif", metavar="FILE.gif", help="also write a moving picture")
    walk.add_argument(
        "--smooth", type=_at_least(1), default=6, help="frames of it from pose to pose (6)"
    )

    poses = _command(commands, draw_poses, "poses", "key points over images", networks=False)
    poses.add_argument("--count", type=_at_least(1), default=24, help="images shown (24)")
    poses.add_argument("--columns", type=_at_least(1), default=8, help="images a row (8)")
    poses.add_argument("--split", choices=("train", "test"), default="train", help="(train)")
    poses.add_argument(
        "--worst-first", action="store_true", help="those with the fewest joints, not random ones"
    )
    for command in (transfer, masks, walk):
        command.add_argument(
            "--min-joints", type=_at_least(1), default=10, help="that a pose needs (10)"
        )
    return parser.parse_args()


def _command(
    commands: argparse._SubParsersAction,
    draw: Callable[[argparse.Namespace], np.ndarray],
    name: str,
    about: str,
    networks: bool = True,
    several: bool = True,
) -> argparse.ArgumentParser:
    """A sub-command with the options that all share."""
    command = commands.add_parser(name, help=about, description=about)
    command.set_defaults(draw=draw, names=None)
    if networks:
        command.add_argument(
            "checkpoints",
            nargs="+" if several else 1,
            metavar="CHECKPOINT",
            help="a checkpoint or weight file, the work dir of a run for its newest, or 'demo'",
        )
        command.add_argument("--model-config", help=MODEL_CONFIG)
    if networks and several:
        command.add_argument("--names", nargs="+", help="captions of the checkpoints")
    add_people_arguments(command)
    command.add_argument("--out", required=True, metavar="FILE.png", help="the picture to write")
    command.add_argument("--seed", type=_at_least(0), default=0, help="of everything random (0)")
    return command


def _at_least(minimum: int) -> Callable[[str], int]:
    """A parser of whole numbers from a minimum up."""

    def number(text: str) -> int:
        value = int(text)
        if value < minimum:
            raise argparse.ArgumentTypeError(f"{value} is not {minimum} or more")
        return value

    return number


def draw_transfer(args: argparse.Namespace) -> np.ndarray:
    """People in target poses."""
    generators, people = generators_of(_runs(args), people_source(args))
    pairs = _pairs(args, people, args.rows, args.seed)
    if args.poses is None:
        return figures.transfer_figure(generators, people.dataset, pairs)
    wanted = _pairs(args, people, args.poses, args.seed + 1)
    return figures.pose_matrix_figure(generators, people.dataset, pairs.conditions, wanted.targets)


def draw_masks(args: argparse.Namespace) -> np.ndarray:
    """Attention masks."""
    generators, people = generators_of(_runs(args), people_source(args))
    pairs = _pairs(args, people, args.rows, args.seed)
    return figures.mask_figure(*generators.values(), people.dataset, pairs)


def draw_ranked(args: argparse.Namespace) -> np.ndarray:
    """Ranked lists."""
    describers, people = describers_of(_runs(args), people_source(args))
    options = args.queries, args.top, args.wrong_first, args.seed
    return figures.ranked_figure(describers, *people, *options)


def draw_walk(args: argparse.Namespace) -> np.ndarray:
    """One person through poses; also writes the moving picture."""
    if args.gif:
        check_gif_path(args.gif)
    generators, (dataset, _) = generators_of(_runs(args), people_source(args))
    person = find_person(dataset, args.person, args.min_joints)
    poses = figures.choose_walk(dataset, person, args.poses, args.min_joints, args.seed)
    if args.gif:
        frames = figures.walk_frames(generators, dataset, person, poses, args.smooth)
        save_gif(args.gif, frames, milliseconds=max(20, 600 // args.smooth))
        print(f"{args.gif}: {len(frames)} frames")
    return figures.walk_figure(generators, dataset, person, poses)


def draw_poses(args: argparse.Namespace) -> np.ndarray:
    """Key points over images."""
    people = people_of(people_source(args), KEYPOINT_IMAGE_SIZE, args.split)
    print(people.dataset.coverage(min_joints=10))
    options = args.count, args.columns, args.worst_first, args.seed
    return figures.keypoint_figure(people.dataset, *options)


def _runs(args: argparse.Namespace) -> dict[str, Pretrained]:
    return load_runs(args.checkpoints, args.names, args.model_config)


def _pairs(args: argparse.Namespace, people: ShownPeople, count: int, seed: int) -> TransferPairs:
    """Pairs of those who are searched for; a gallery may hold distractors of one label."""
    searched_for = people.dataset.pids[: people.num_query] if people.num_query else None
    return fixed_pairs(people.dataset, count, args.min_joints, seed, searched_for)


def main() -> None:
    """Draw the picture and write it."""
    args = parse_args()
    check_picture_path(args.out)
    picture = args.draw(args)
    save_image(args.out, picture)
    height, width = picture.shape[:2]
    print(f"{args.out}: {width} x {height} pixels")


if __name__ == "__main__":
    run_command(main)
