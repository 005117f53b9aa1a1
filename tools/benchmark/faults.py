"""Kill trainings at random moments and compare where they end: python tools/benchmark/faults.py.

Tiny joint, online and baseline trainings of both toolboxes are run once without a fault. Then each is
run again, killed, resumed and killed again until it is done, and has to hold the same bits: networks,
optimisers, schedulers, log and, with torchreid, random numbers. Faults:

- ``kill``: SIGKILL at a random moment.
- ``write``: SIGKILL while a checkpoint, or the file that names the newest, is being written.
- ``damage``: SIGKILL; then a bit of the newest checkpoint is turned, or its end is cut off.
- ``signal``: SIGTERM or SIGINT at a random moment.

Needs a system that can fork. CPU only: elsewhere runs are not the same to the bit.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from statistics import median

from tqdm import tqdm
from victims import EPOCHS, TRAININGS, Victim, prepare

from posegan_plugin.comparison import differing_entries

KINDS = ("kill", "write", "damage", "signal")
STOPS = (signal.SIGTERM, signal.SIGINT)
PATIENCE = 600
"""Seconds that a tiny training may take."""


@dataclass
class Result:
    """What became of one training.

    Attributes:
        faults: How many were injected, by kind.
        runs: Runs that reached their end.
        identical: Of these, how many ended with the same bits.
        survived: Faults after which the run went on.
        lost: Steps that had to be made again, each time it did.
        problems: What went wrong, if anything.
    """

    faults: dict[str, int] = field(default_factory=dict)
    survived: int = 0
    runs: int = 0
    identical: int = 0
    lost: list[int] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def parse_args() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--faults", type=int, default=2, help="of each kind in each training")
    parser.add_argument("--only", nargs="+", choices=TRAININGS, default=TRAININGS)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS)
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    parser.add_argument("--out", type=Path, default=Path("faults.json"), help="the figures")
    parser.add_argument(
        "--work-dir", type=Path, help="keep the runs here; default: a temporary folder"
    )
    return parser.parse_args()


class Process:
    """A run of a victim.

    Attributes:
        status: Exit status, negative for a signal; ``None`` while it runs.
    """

    def __init__(self, victim: Victim) -> None:
        self.id = victim.start()
        self.status: int | None = None

    def ended(self, seconds: float = 0) -> bool:
        """Whether it ends within so many seconds."""
        end = time.monotonic() + seconds
        while self.status is None:
            found, status = os.waitpid(self.id, os.WNOHANG)
            if found:
                self.status = os.waitstatus_to_exitcode(status)
            elif time.monotonic() >= end:
                return False
            else:
                time.sleep(0.002)
        return True

    def signal(self, number: int) -> None:
        """Send a signal and wait for the end."""
        os.kill(self.id, number)
        if not self.ended(PATIENCE):
            os.kill(self.id, signal.SIGKILL)
            self.ended(PATIENCE)


def inject(victim: Victim, process: Process, kind: str, moment: float) -> str | None:
    """Let a fault happen.

    Returns:
        Its kind: ``kill`` too where nothing could be damaged, as there was no older state to go on
        from. ``None`` where the run has ended before.
    """
    if process.ended(moment):
        return None
    if kind == "write":
        while not any(victim.folder.rglob(".*.tmp")):
            if process.ended():
                return None
    process.signal(random.choice(STOPS) if kind == "signal" else signal.SIGKILL)
    if kind == "damage":
        states = victim.states()
        if len(states) < 2:
            return "kill"
        damage(random.choice(states[0]))
    return kind


def damage(path: Path) -> None:
    """Turn a bit of a file, or cut it off."""
    content = bytearray(path.read_bytes())
    place = random.randrange(len(content) // 4, len(content) // 2)
    if random.random() < 0.5:
        del content[place:]
    else:
        content[place] ^= 1 << random.randrange(8)
    path.write_bytes(content)


def campaign(reference: Victim, kinds: list[str], bar: tqdm) -> Result:
    """Run a training under faults until all have been injected and it has reached its end.

    Args:
        reference: The training as it is; it is run first.
        kinds: The faults, in this order.
        bar: Counts them.
    """
    result, begin = Result(), time.monotonic()
    process = Process(reference)
    if not process.ended(PATIENCE) or process.status:
        result.problems.append(f"fails without a fault: {last_words(reference)}")
        return result
    duration, wanted = time.monotonic() - begin, reference.final()
    victim = replace(
        reference,
        batches=(reference.steps() or (0, 0))[1] // EPOCHS,
        folder=reference.folder.parents[1] / "killed" / reference.folder.name,
    )
    pending, reached, unanswered = list(kinds), 0, 0
    while pending or unanswered:
        process = Process(victim)
        moment = random.uniform(0, duration)
        hit = inject(victim, process, pending[0], moment) if pending else None
        if hit is None and (not process.ended(PATIENCE) or process.status):
            result.problems.append(f"did not go on: {last_words(victim)}")
            return result
        start, end = victim.steps() or (None, reached)
        if start is not None and unanswered:
            result.survived += unanswered
            result.lost.append(max(0, reached - start))
            unanswered = 0
        reached = end
        if hit is not None:
            unanswered += 1
            result.faults[hit] = result.faults.get(hit, 0) + 1
            if hit == pending[0]:
                pending.pop(0)
                bar.update()
            continue
        reached = 0
        different = differing_entries(wanted, victim.final())
        result.runs += 1
        result.identical += not different
        result.problems += [f"{len(different)} entries differ: {different[:3]}"] * bool(different)
        shutil.rmtree(victim.folder)
    return result


def last_words(victim: Victim) -> str:
    """The end of what it printed."""
    return victim.log.read_text(errors="replace")[-800:]


def table(results: dict[str, Result]) -> str:
    """The figures, one line a training."""
    lines = [
        f"{'training':<20}{'faults':>8}{'survived':>10}{'runs':>6}{'same bits':>11}{'steps lost':>22}"
    ]
    for name, result in results.items():
        lost = result.lost or [0]
        steps = f"median {median(lost):g}, most {max(lost)}"
        lines.append(
            f"{name:<20}{sum(result.faults.values()):>8}{result.survived:>10}{result.runs:>6}"
            f"{result.identical:>11}{steps:>22}"
        )
    return "\n".join(lines)


def main() -> None:
    """Run the campaign, print the table, write the figures; exit code 1 if anything differs."""
    args = parse_args()
    random.seed(args.seed)
    with tempfile.TemporaryDirectory() as temporary:
        victims = prepare((args.work_dir or Path(temporary)).resolve())
        results = {}
        if any(name.endswith("online") for name in args.only) and TRAININGS[0] not in args.only:
            campaign(victims[TRAININGS[0]], [], tqdm(disable=True))  # it trains the generator
        with tqdm(total=args.faults * len(args.kinds) * len(args.only), unit="fault") as bar:
            for name in args.only:
                kinds = list(args.kinds) * args.faults
                random.shuffle(kinds)
                results[name] = campaign(victims[name], kinds, bar)
    print(table(results))
    for name, result in results.items():
        for problem in result.problems:
            print(f"{name}: {problem}")
    args.out.write_text(json.dumps({n: asdict(r) for n, r in results.items()}, indent=1))
    sys.exit(any(r.problems for r in results.values()))


if __name__ == "__main__":
    main()
