"""Kill tools/synthesize.py again and again and compare what it ends with, byte for byte.

python tools/benchmark/synthesis_kills.py OUT [--kills 10] -- CHECKPOINT --root DIR [its other options]

Makes a set at one go in OUT/whole, then one in OUT/killed by runs that are sent SIGKILL at random
moments and a last one that is left alone. After every kill each file that can be seen must have the
bytes that it has in the whole set. Prints a table, writes OUT/kills.json, and exits with 1 if a byte
differs.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

from posegan_plugin.errors import UserError
from posegan_plugin.for_mmengine.cli import run_command
from posegan_plugin.pose import write_atomic

TOOL = Path(__file__).parents[1] / "synthesize.py"
OF_A_RUN = re.compile(r"made now +(\d+) images, ([\d.]+) images/s")


def parse_args() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path, help="a new folder")
    parser.add_argument("--kills", type=int, default=10, help="runs that are killed")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    parser.add_argument("arguments", nargs="+", help="of synthesize.py, behind --, without --out")
    return parser.parse_args()


def start(arguments: list[str], out: Path, stream: int) -> subprocess.Popen:
    """The tool in a process of its own."""
    line = [sys.executable, TOOL, *arguments, "--out", out]
    return subprocess.Popen(line, stdout=stream, stderr=stream, text=True)


def finish(arguments: list[str], out: Path) -> dict[str, float]:
    """Let the tool run to its end: its seconds, how many images it made and how fast."""
    began = time.perf_counter()
    process = start(arguments, out, subprocess.PIPE)
    said, error = process.communicate()
    if process.returncode:
        raise UserError(f"synthesize.py failed: {error.strip().splitlines()[-1]}")
    made = OF_A_RUN.search(said)
    return {
        "seconds": round(time.perf_counter() - began, 2),
        "images": int(made[1]) if made else 0,
        "images_per_second": float(made[2]) if made else 0.0,
    }


def different(whole: Path, other: Path) -> list[str]:
    """Files in ``other`` that are not in ``whole`` or have other bytes there; hidden ones not."""
    names = (p.relative_to(other) for p in other.rglob("*") if p.is_file())
    shown = [name for name in names if not any(part.startswith(".") for part in name.parts)]
    return [
        str(name)
        for name in shown
        if not (whole / name).is_file()
        or (whole / name).read_bytes() != (other / name).read_bytes()
    ]


def count(root: Path, pattern: str) -> int:
    """How many files a folder holds."""
    return sum(p.is_file() for p in root.rglob(pattern)) if root.exists() else 0


def kill(arguments: list[str], out: Path, after: float) -> None:
    """Start the tool and kill it.

    Raises:
        UserError: It ended before.
    """
    process = start(arguments, out, subprocess.DEVNULL)
    time.sleep(after)
    process.send_signal(signal.SIGKILL)
    if process.wait() != -signal.SIGKILL:
        raise UserError(f"a run ended before it was killed after {after:.1f} s: make more images")


def main() -> None:
    """Run the campaign."""
    args = parse_args()
    whole, killed = args.out / "whole", args.out / "killed"
    if args.out.exists() and any(args.out.iterdir()):
        raise UserError(f"{args.out} is not empty: name a new folder")
    alone = finish(args.arguments, whole)
    print(f"at one go: {alone['images']} images, {alone['images_per_second']:.1f} images/s")
    print(f"{'killed':>6} {'after s':>8} {'images':>7} {'half-written':>12} {'different':>9}")
    work = alone["images"] / alone["images_per_second"]
    # No longer than that, so that the runs together do not reach the end before the last is killed.
    longest = alone["seconds"] - work + work / (args.kills + 1)
    moments = random.Random(args.seed)
    kills = []
    for number in range(1, args.kills + 1):
        after = round(moments.uniform(0, longest), 2)
        kill(args.arguments, killed, after)
        wrong = different(whole, killed)
        made, halves = count(killed, "*s0_*"), count(killed, ".*.tmp")
        kills.append({"after": after, "images": made, "half_written": halves, "different": wrong})
        print(f"{number:>6} {after:>8.2f} {made:>7} {halves:>12} {len(wrong):>9}", flush=True)
    last = finish(args.arguments, killed)
    wrong = different(whole, killed) + different(killed, whole)
    hidden = count(killed, ".*")
    identical = not (wrong or hidden or any(k["different"] for k in kills))
    result = {
        "arguments": args.arguments,
        "seed": args.seed,
        "whole": alone,
        "kills": kills,
        "last_run": last,
        "files": count(whole, "*"),
        "different": wrong,
        "left_over": hidden,
        "identical": identical,
    }
    write_atomic(args.out / "kills.json", (json.dumps(result, indent=2) + "\n").encode())
    verdict = "identical" if identical else "NOT identical"
    print(f"{result['files']} files after {args.kills} kills: {verdict} to those of one go")
    sys.exit(0 if identical else 1)


if __name__ == "__main__":
    run_command(main)
