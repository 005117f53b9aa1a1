"""What benchmarks share: fair timing, one table, JSON and Markdown beside each other, hashes."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path

import torch
from torch import nn

from posegan_plugin.datasets import ReIDSplits
from posegan_plugin.file_hash import file_hash
from posegan_plugin.pose import write_atomic

RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True)
class Timing:
    """Seconds of several repetitions of one thing."""

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle one."""
        return statistics.median(self.seconds)


def parser(description: str, repeats: int = 7) -> argparse.ArgumentParser:
    """The options that all scripts share.

    Args:
        description: Of the script.
        repeats: How often it times, unless it is told.
    """
    made = argparse.ArgumentParser(description=description)
    made.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    made.add_argument("--repeats", type=int, default=repeats, help="timed repetitions")
    made.add_argument("--out", type=Path, default=RESULTS, help="folder of the JSON and Markdown")
    return made


def measure(
    functions: dict[str, Callable[[], object]],
    repeats: int,
    device: str = "cpu",
    warmup: int = 1,
    settle: int = 0,
) -> dict[str, Timing]:
    """Time functions in turn, so that whatever else the machine does meets all of them.

    Args:
        functions: What to time, by name; each is called ``(warmup + repeats) * (settle + 1)`` times.
        repeats: Timed calls of each.
        device: ``cuda`` waits for the device before each look at the clock.
        warmup: Turns that are not timed.
        settle: Calls before each timed one that are not: what ran in between has left the caches with
            its own weights, which nobody meets who does one thing again and again.
    """
    wait = torch.cuda.synchronize if device.startswith("cuda") else lambda: None
    seconds: dict[str, list[float]] = {name: [] for name in functions}
    for turn in range(warmup + repeats):
        for name, function in functions.items():
            for _ in range(settle):
                function()
            wait()
            start = time.perf_counter()
            function()
            wait()
            if turn >= warmup:
                seconds[name].append(time.perf_counter() - start)
    return {name: Timing(tuple(values)) for name, values in seconds.items()}


def report(
    name: str,
    question: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[object]],
    out: Path,
    device: str = "cpu",
    notes: Sequence[str] = (),
) -> None:
    """Print one table and write it as ``NAME_DEVICE.json`` and ``.md``.

    Args:
        name: Of the benchmark.
        question: What it answers.
        columns: Headings; the ratio first.
        rows: Numbers, texts, or ``None`` for what was not measured.
        out: The folder.
        device: What it ran on.
        notes: Sentences below the table.
    """
    facts = environment(device)
    texts = [[_text(cell) for cell in row] for row in rows]
    lines = [
        f"### {question}",
        "",
        "| " + " | ".join(columns) + " |",
        "|" + "---|" * len(columns),
        *("| " + " | ".join(row) + " |" for row in texts),
        "",
        *(f"{note}  " for note in notes),
        f"`{facts['command']}`, {facts['hardware']}, {facts['versions']}, {facts['date']}.",
        "",
    ]
    text = "\n".join(lines)
    print(text, flush=True)
    content = {
        "question": question,
        "columns": list(columns),
        "rows": [list(row) for row in rows],
        "notes": list(notes),
        **facts,
    }
    file = out / f"{name}_{device.split(':')[0]}"
    write_atomic(file.with_suffix(".json"), (json.dumps(content, indent=1) + "\n").encode())
    write_atomic(file.with_suffix(".md"), text.encode())


def environment(device: str) -> dict[str, str]:
    """Hardware, versions, command and date, without names of the machine's own."""
    if device.startswith("cuda"):
        hardware = torch.cuda.get_device_name()
    else:
        hardware = f"{os.cpu_count()} cores of {_cpu()}, {torch.get_num_threads()} threads"
    packages = ("torch", "torchreid", "mmengine", "numpy")
    script = Path(sys.argv[0])
    return {
        "command": " ".join(
            ["python", f"tools/benchmark/{script.name}", *_without_out(sys.argv[1:])]
        ),
        "hardware": hardware,
        "versions": ", ".join(
            [f"Python {platform.python_version()}", *(f"{p} {version(p)}" for p in packages)]
        ),
        "date": date.today().isoformat(),
    }


def people_hash(splits: ReIDSplits, keypoints: Iterable[str | Path]) -> str:
    """One hash of the names and contents of all images and key point files, wherever they lie."""
    people = (splits.train, splits.query, splits.gallery)
    digest = hashlib.sha256()
    for number, files in enumerate([*([p.path for p in part] for part in people), keypoints]):
        for file in files:
            digest.update(f"{number} {file_hash(file)} ".encode() + os.fsencode(Path(file).name))
    return digest.hexdigest()


def weights_hash(network: nn.Module) -> str:
    """One hash of all weights and buffers, whichever file they are read from.

    A training that is repeated to the last bit writes another file, with other dates in it.
    """
    digest = hashlib.sha256()
    for name, tensor in network.state_dict().items():
        values = tensor.detach().cpu().contiguous()
        digest.update(f"{name} {values.dtype} {tuple(values.shape)} ".encode())
        digest.update(values.view(-1).view(torch.uint8).numpy())
    return digest.hexdigest()


def _without_out(arguments: Sequence[str]) -> list[str]:
    """The options but where the results went, which is a name of the machine's own."""
    kept = list(arguments)
    if "--out" in kept:
        place = kept.index("--out")
        del kept[place : place + 2]
    return kept


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((x.split(":", 1)[1].strip() for x in lines if x.startswith("model name")), "a CPU")


def _text(cell: object) -> str:
    if cell is None:
        return "not measured"
    if isinstance(cell, float):
        return f"{cell:.3g}" if abs(cell) < 100 else f"{cell:,.0f}"
    return str(cell)
