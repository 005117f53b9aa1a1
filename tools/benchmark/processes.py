"""How many more people a second do two processes train on, jointly, than one?

On a machine with two GPUs (NCCL, one process a GPU), and on CPUs (gloo, one thread a process):

    python tools/benchmark/processes.py
    python tools/benchmark/processes.py --device cpu --batches 8 16 32 --repeats 5

Each process has the whole batch size, so that perfect scaling is a ratio of 2. The people are noise
in memory: no loader takes part. One process and two are started in turn, ``--rounds`` times.
The gradient difference is that of a step in float64 under conditions in which it has to be 0 but for
rounding (``process_steps.py`` has them), as a share of the network's largest gradient.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from harness import Timing, parser, report
from torch import Tensor

from posegan_plugin import config_path

WORKER = Path(__file__).with_name("process_steps.py")
CONFIGS = {"cpu": "pose_quartet_market_small.py", "cuda": "pose_quartet_market.py"}


def start(processes: int, folder: Path, device: str, arguments: list[str]) -> dict:
    """Run the steps by one or two processes; the seconds of each batch size."""
    launch = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
    environment = dict(os.environ)
    if device == "cpu":
        environment |= {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    subprocess.run([sys.executable, *launch, str(WORKER), *arguments], check=True, env=environment)
    return json.loads((folder / "seconds.json").read_text())


def difference(first: dict[str, Tensor], second: dict[str, Tensor]) -> float:
    """The largest difference of two sets of gradients, each network's by its own largest one."""
    return max(float((first[n] - second[n]).abs().max() / first[n].abs().max()) for n in first)


def main() -> None:
    """Start both in turn, compare."""
    options = parser(__doc__.splitlines()[0])
    options.add_argument("--config", help="of the networks; default: the small ones on a CPU")
    options.add_argument("--batches", type=int, nargs="+", default=[16, 32, 64])
    options.add_argument("--rounds", type=int, default=2, help="starts of each number of processes")
    args = options.parse_args()
    if min(args.batches) < 6 or any(b % 2 for b in args.batches):
        options.error("--batches: even numbers of at least 6; a person has two images")
    kind = args.device.split(":")[0]
    enough = kind == "cpu" or torch.cuda.device_count() >= 2
    config = args.config or config_path(CONFIGS[kind])
    sizes = (1, 2) if enough else (1,)
    seconds = {n: {b: [] for b in args.batches} for n in (1, 2)}
    gradients = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        line = [config, name, "--device", kind, "--repeats", str(args.repeats), "--batches"]
        line += map(str, args.batches)
        for turn in range(args.rounds):
            for n in sizes:
                compare = ["--gradients"] if enough and not turn else []
                for batch, found in start(n, folder, kind, line + compare).items():
                    seconds[n][int(batch)] += found
                if compare:
                    gradients[n] = torch.load(folder / "gradients.pt")
    rows = []
    for batch in args.batches:
        one, two = (
            Timing(tuple(seconds[n][batch])).median if seconds[n][batch] else None for n in (1, 2)
        )
        rows.append(
            [
                2 * one / two if two else None,
                batch,
                batch / one,
                2 * batch / two if two else None,
                one,
                two,
                difference(*(gradients[n][batch] for n in (1, 2))) if enough else None,
            ]
        )
    threads = f"{os.cpu_count()} cores; gloo, one thread a process" if kind == "cpu" else "NCCL"
    notes = [f"Joint training of {Path(config).name}, all terms, float32; {threads}."]
    if not enough:
        notes.append(f"Two processes need two GPUs; this machine has {torch.cuda.device_count()}.")
    report(
        "processes",
        "People a second in joint training, two processes against one",
        [
            "two : one",
            "people a process",
            "one, people/s",
            "two, people/s",
            "one, s a step",
            "two, s a step",
            "gradient difference",
        ],
        rows,
        args.out,
        args.device,
        notes,
    )


if __name__ == "__main__":
    main()
