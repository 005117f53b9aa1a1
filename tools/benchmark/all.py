"""Run every speed benchmark in order, then say in one table what came out.

    python tools/benchmark/all.py                    # about 15 minutes on two cores
    python tools/benchmark/all.py generator ranking  # only these
    python tools/benchmark/all.py --docs             # also write the tables that docs/speed.md has

Where there is a GPU, each question that has one is asked on the CPU and on the GPU. A benchmark that
fails does not end the others; the exit code is then 1.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import torch
from harness import RESULTS
from tables import fill_page

FOLDER = Path(__file__).parent
PAGE = FOLDER.parents[1] / "docs" / "speed.md"


@dataclass(frozen=True)
class Benchmark:
    """One script of this folder.

    Attributes:
        name: Of the script and of its results.
        asked: What its ratio is to be.
        on_gpu: Whether a GPU makes a difference.
        repeats: Timed repetitions; those of what takes long are fewer than a script's own default.
    """

    name: str
    asked: str
    on_gpu: bool = True
    repeats: int = 7


BENCHMARKS = (
    Benchmark("startup", "at most 0.3 s more", on_gpu=False, repeats=4),
    Benchmark("pose_maps", "20", repeats=21),
    Benchmark("generator", "5", repeats=4),
    Benchmark("ranking", "50", repeats=1),
    Benchmark("loader", "2", repeats=2),
    Benchmark("online_step", "at most 1.2"),
    Benchmark("joint_step", "2 on a GPU", repeats=4),
    Benchmark("processes", "1.8 on two GPUs", repeats=4),
)


def run(benchmark: Benchmark, device: str, out: Path) -> str:
    """Run a script; what it prints is shown as it comes.

    Returns:
        One row of the summary.
    """
    options = ["--device", device, "--out", str(out), "--repeats", str(benchmark.repeats)]
    command = [sys.executable, str(FOLDER / f"{benchmark.name}.py"), *options]
    start = time.monotonic()
    code = subprocess.run(command).returncode
    seconds = f"{time.monotonic() - start:.0f}"
    ratios = f"failed with exit code {code}" if code else _ratios(out, benchmark.name, device)
    return " | ".join(["", benchmark.name, device, benchmark.asked, ratios, seconds, ""]).strip()


def _ratios(out: Path, name: str, device: str) -> str:
    """The first column of a table: smallest and largest number."""
    rows = json.loads((out / f"{name}_{device}.json").read_text())["rows"]
    numbers = [row[0] for row in rows if isinstance(row[0], int | float)]
    if not numbers:
        return "not measured"
    low, high = f"{min(numbers):.3g}", f"{max(numbers):.3g}"
    return low if low == high else f"{low} to {high}"


def main() -> None:
    """Run, summarise, exit with 1 if one failed."""
    names = [b.name for b in BENCHMARKS]
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(names)}")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the JSON and Markdown")
    parser.add_argument(
        "--docs", action="store_true", help=f"fill the tables that {PAGE.name} has (the CPU's)"
    )
    args = parser.parse_args()
    if unknown := set(args.names) - set(names):
        parser.error(f"{', '.join(sorted(unknown))}: expected names of {', '.join(names)}")
    devices = ("cpu", "cuda") if torch.cuda.is_available() else ("cpu",)
    rows = [
        run(benchmark, device, args.out)
        for benchmark in BENCHMARKS
        for device in (devices if benchmark.on_gpu else ("cpu",))
        if not args.names or benchmark.name in args.names
    ]
    print("\n| benchmark | device | asked | ratio | seconds |\n|---|---|---|---|---|")
    print("\n".join(rows))
    if args.docs:
        fill_page(PAGE, args.out)
        print(f"tables written into {PAGE}")
    sys.exit(any("failed with exit code" in row for row in rows))


if __name__ == "__main__":
    main()
