"""Render people in new poses to disk: python tools/synthesize.py CHECKPOINT --root DIR --out OUT.

OUT becomes a data set in Market-1501's layout that any toolbox reads, torchreid as market1501 where
OUT is ROOT/market1501/Market-1501-v15.09.15; of people without query and gallery it becomes
bounding_box_train alone. Killed and started again with the same command it goes on.
Several processes share the work: torchrun --nproc-per-node 2 tools/synthesize.py ...
"""

from __future__ import annotations

import argparse
from dataclasses import fields

from posegan_plugin.errors import UserError
from posegan_plugin.for_mmengine.cli import run_command
from posegan_plugin.for_mmengine.load_people import load_posed_people
from posegan_plugin.for_mmengine.people_source import add_people_arguments, people_source
from posegan_plugin.for_mmengine.pretrained import MODEL_CONFIG, load_pretrained
from posegan_plugin.synthesis import (
    FORMATS,
    REAL_IMAGES,
    Networks,
    Process,
    SynthesisOptions,
    synthesize,
)


def parse_args() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "checkpoint",
        help="demo, a weight file, a checkpoint, or the work dir of a run for its newest",
    )
    add_people_arguments(parser)
    parser.add_argument("--out", required=True, help="the folder to make, or to go on with")
    parser.add_argument("--model-config", help=MODEL_CONFIG)
    parser.add_argument(
        "--reid", metavar="CHECKPOINT", help="re-ID network that judges; default: its own"
    )
    option = parser.add_argument_group("what is made").add_argument
    option(
        "--target",
        default="same_id",
        metavar="same_id|cross_camera|any|CSV",
        help="whose poses: of the same person, of anyone another camera saw, of anyone, or a file's",
    )
    option("--poses", type=int, metavar="K", help="images of each person; default 2, or all of CSV")
    option("--pose-size", type=int, nargs=2, metavar=("H", "W"), help="images that CSV belongs to")
    option("--min-joints", type=int, help="joints a person needs; default: the config's, or 10")
    option("--min-similarity", type=float, metavar="X", help="drop images less like their person")
    option("--max-similarity", type=float, metavar="X", help="drop images too much like another")
    option("--size", type=int, nargs=2, metavar=("H", "W"), help="default: the generator's")
    option("--format", choices=FORMATS, default="jpg", help="torchreid's market1501 reads jpg only")
    option("--quality", type=int, default=95, help="of JPEG files, 1 to 100")
    option("--real", choices=REAL_IMAGES, default="copy", help="whether real images are there too")
    option("--limit", type=int, metavar="N", help="make images of the first N people only")
    option("--seed", type=int, default=0, help="of the choice of poses")
    how = parser.add_argument_group("how").add_argument
    how("--batch-size", type=int, default=64, help="images at a time")
    how("--amp", action="store_true", help="mixed precision (bfloat16)")
    how("--device", default="auto", help="auto, cpu, cuda, cuda:1, ...")
    how("--workers", type=int, help="threads; default: as many as there are cores, at most 8")
    return parser.parse_args()


def main() -> None:
    """Make the set, print the table."""
    args = parse_args()
    process = Process.from_environment()
    named = people_source(args)
    if args.min_joints is None:
        args.min_joints = named.min_joints
    values = ((f.name, getattr(args, f.name)) for f in fields(SynthesisOptions))
    options = SynthesisOptions(**{k: tuple(v) if isinstance(v, list) else v for k, v in values})
    device = process.device(args.device)
    run = load_pretrained(args.checkpoint, args.model_config, device)
    judge = load_pretrained(args.reid, args.model_config, device) if args.reid else run
    describe, judge_hash = (judge.describe, judge.sha256) if judge.reid else (None, None)
    hashes = {"checkpoint_sha256": run.sha256, "reid_sha256": judge_hash}
    networks = Networks(run.need_generator(), describe, hashes)
    splits, keypoints = load_posed_people(
        named.source, named.data_root, named.keypoints, on_error=named.on_error
    )
    try:
        report = synthesize(args.out, splits, keypoints, networks, options, process, args.workers)
    except KeyboardInterrupt as error:
        raise UserError("interrupted: start the same command again to go on") from error
    print(report.table())


if __name__ == "__main__":
    run_command(main)
