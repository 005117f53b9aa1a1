"""Whether a long training stays flat: python tools/benchmark/long_run.py MODE [--steps 2000].

Trains tiny networks on people that the package renders and looks every 100 steps at the process (memory,
open files, threads) and at the work dir (files and bytes, logs apart: a log grows by its lines). One mode
a process, so that each starts with fresh memory. Linux with glibc. Exit code 1 if something grows.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import gc
import json
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, fields
from importlib.metadata import version
from pathlib import Path
from statistics import fmean

import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner

from posegan_plugin import config_path
from posegan_plugin.errors import UserError
from posegan_plugin.for_mmengine.cli import run_command
from posegan_plugin.paths import weights_path
from posegan_plugin.pose import write_atomic

RESULTS = Path(__file__).parent / "results"
EVERY = 100  # steps between two looks; there is an evaluation between them
STEPS_AN_EPOCH = 20  # torchreid's sampler leaves some images out
LIMITS = {"used_mb": 4.0, "cuda_mb": 1.0, "open_files": 0.5, "threads": 0.5, "files": 0.5}
LIMITS |= {"work_dir_mb": 0.5}
RULE = "flat: from the second quarter to the last, the mean grows by no more than the limit"

# 160 training images, in as many cameras as the generator knows that travels with the package.
PEOPLE = {"num_train_ids": 40, "num_test_ids": 30, "num_cameras": 6, "cameras_per_id": 2}
DISCRIMINATOR = {"channels": 4, "num_layers": 2}
MMENGINE = {
    "train_dataloader.batch_size": 8,
    "train_dataloader.sampler.num_identities": 4,
    "train_dataloader.sampler.num_images": 2,
    "model.backbone.name": "osnet_x0_25",
    "model.generator.channels": 8,
    "model.generator.num_blocks": 2,
    **{f"model.appearance_discriminator.{k}": v for k, v in DISCRIMINATOR.items()},
    **{f"model.pose_discriminator.{k}": v for k, v in DISCRIMINATOR.items()},
    "train_cfg.val_interval": EVERY // STEPS_AN_EPOCH,
    "default_hooks.pose_transfer.num_pairs": 32,
    "log_level": "WARNING",
}
MODES = ("joint", "online", "baseline", "torchreid_joint")


@dataclass
class Sample:
    """One look; memory and sizes in MB (2**20 bytes)."""

    step: int
    memory_mb: float  # as the system sees it
    used_mb: float  # after malloc has given back what it keeps of freed memory
    cuda_mb: float
    open_files: int
    threads: int
    files: int
    work_dir_mb: float
    log_mb: float
    checkpoint_mb: float
    cpu_ms_a_step: float


def read_status() -> dict[str, int]:
    """What the system says about this process; sizes in KB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    pairs = (line.replace(" kB", "").split(":", 1) for line in lines)
    return {name: int(value) for name, value in pairs if value.strip().isdecimal()}


class Probe:
    """Counts steps and looks every ``EVERY``.

    Args:
        work_dir: Of the run.
        kept: Checkpoints, as a pattern; the newest one's size is noted.
        last: The step after which nobody looks any more.
    """

    def __init__(self, work_dir: Path, kept: str, last: int) -> None:
        self.work_dir = work_dir
        self.kept = kept
        self.last = last
        self.samples: list[Sample] = []
        self.steps = 0
        self.seconds = 0.0

    @contextlib.contextmanager
    def step(self) -> Iterator[None]:
        """Around one step, of which the time is taken."""
        start = time.process_time()
        yield
        self.count(time.process_time() - start)

    def count(self, seconds: float) -> None:
        """A step is over that took so many seconds."""
        self.steps += 1
        self.seconds += seconds
        if self.steps % EVERY == 0 and self.steps <= self.last:
            self.samples.append(self._look())
            self.seconds = 0.0

    def _look(self) -> Sample:
        status = read_status()
        gc.collect()
        ctypes.CDLL(None).malloc_trim(0)
        sizes = {p: p.stat().st_size / 2**20 for p in self.work_dir.rglob("*") if p.is_file()}
        logs = {p for p in sizes if p.suffix in (".log", ".json") or ".tfevents." in p.name}
        checkpoints = sorted(self.work_dir.glob(self.kept), key=lambda p: p.stat().st_mtime_ns)
        return Sample(
            step=self.steps,
            memory_mb=status["VmRSS"] / 1024,
            used_mb=read_status()["VmRSS"] / 1024,
            cuda_mb=torch.cuda.memory_allocated() / 2**20,
            open_files=len(list(Path("/proc/self/fd").iterdir())),
            threads=status["Threads"],
            files=len(sizes),
            work_dir_mb=sum(size for path, size in sizes.items() if path not in logs),
            log_mb=sum(sizes[path] for path in logs),
            checkpoint_mb=sizes[checkpoints[-1]] if checkpoints else 0.0,
            cpu_ms_a_step=1000 * self.seconds / EVERY,
        )


class ProbeHook(Hook):
    """Counts mmengine's steps."""

    def __init__(self, probe: Probe) -> None:
        self.probe = probe

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: dict | None = None
    ) -> None:
        """Start the clock."""
        self.start = time.process_time()

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: dict | None = None,
        outputs: dict | None = None,
    ) -> None:
        """Stop it."""
        self.probe.count(time.process_time() - self.start)


def run_mmengine(mode: str, steps: int, folder: Path) -> Probe:
    """A training by mmengine."""
    from posegan_plugin.for_mmengine.config import build_runner, load_config, prepare_for_dataset

    options = {**MMENGINE, "model.mode": mode, "work_dir": str(folder / "work")}
    if mode == "online":
        # Not tiny: the generator that travels with the package.
        demo = load_config(config_path("pose_quartet_demo.py"))
        options |= {
            f"model.generator.{k}": demo.model.generator[k] for k in ("channels", "num_blocks")
        }
        options["model.generator_checkpoint"] = weights_path("demo")
    for name in ("train", "val", "test"):
        options |= {f"{name}_dataloader.dataset.source.{k}": v for k, v in PEOPLE.items()}
    options["train_cfg.max_epochs"] = -(-steps // STEPS_AN_EPOCH)
    config = load_config(config_path("pose_quartet_demo.py"), options, str(folder / "data"))
    for hook in ("pose_transfer", "RankedListHook"):
        part = config.default_hooks.get(hook) or next(
            h for h in config.custom_hooks if h["type"] == hook
        )
        part["max_keep_pictures"] = 3  # so that the bound is reached
    prepare_for_dataset(config)
    runner = build_runner(config)
    probe = Probe(folder / "work", "epoch_*.pth", steps)
    runner.register_hook(ProbeHook(probe))
    runner.train()
    return probe


def run_torchreid(steps: int, folder: Path) -> Probe:
    """A joint training by torchreid's engine."""
    from posegan_plugin.for_torchreid.builders import build_datamanager, run_options
    from posegan_plugin.for_torchreid.registration import register
    from posegan_plugin.for_torchreid.yaml_config import load_config
    from posegan_plugin.for_torchreid.yaml_engines import build_engine

    from posegan_plugin.datasets.procedural import ProceduralPeopleSpec, write_procedural_people

    people = ProceduralPeopleSpec(**PEOPLE, images_per_camera=2, height=64, width=32)
    write_procedural_people(folder / "data" / "procedural_people", people, progress=False)
    values = {
        "use_gpu": torch.cuda.is_available(),
        "data.root": str(folder / "data"),
        "data.save_dir": str(folder / "work"),
        "sampler.num_instances": 2,
        "train.batch_size": 8,
        "train.max_epoch": -(-steps // (STEPS_AN_EPOCH - 4)),
        "train.print_freq": EVERY,
        "test.eval_freq": EVERY // STEPS_AN_EPOCH,
        "posegan.generator.channels": 8,
        "posegan.generator.num_blocks": 2,
        **{f"posegan.appearance_discriminator.{k}": v for k, v in DISCRIMINATOR.items()},
        **{f"posegan.pose_discriminator.{k}": v for k, v in DISCRIMINATOR.items()},
    }
    config = load_config(config_path("torchreid/pose_quartet_demo.yaml"), values)
    register()
    engine = build_engine(config, build_datamanager(config))
    probe = Probe(folder / "work", "generator/model.pth.tar-*", steps)
    train = engine.forward_backward

    def step(data: dict) -> dict:
        with probe.step():
            return train(data)

    engine.forward_backward = step
    with contextlib.redirect_stdout(sys.stderr):
        engine.run(**run_options(config))
    return probe


def growth(samples: list[Sample]) -> dict[str, float]:
    """By how much the mean of each value grows from the second quarter of a run to the last."""
    quarter = len(samples) // 4

    def mean(part: list[Sample], name: str) -> float:
        return fmean(getattr(sample, name) for sample in part)

    early, late = samples[quarter : 2 * quarter], samples[-quarter:]
    return {
        f.name: mean(late, f.name) - mean(early, f.name) for f in fields(Sample) if f.name != "step"
    }


def table(samples: list[Sample], grown: dict[str, float], limits: dict[str, float]) -> str:
    """The samples, a line with the growth, one with the limits and the verdict."""
    names = [f.name for f in fields(Sample)]
    lines = ["".join(f"{name:>15}" for name in names)]
    for sample in samples:
        lines.append("".join(f"{value:>14.6g}" for value in asdict(sample).values()))
    for title, row in (("growth", grown), ("limit", limits)):
        cells = [f"{row[n]:>14.3g}" if n in row else f"{'':>14}" for n in names[1:]]
        lines.append(f"{title:>14}" + "".join(cells))
    return "\n".join(lines)


def parse_args() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("mode", choices=MODES)
    parser.add_argument("--steps", type=int, default=2000, help="at least 800")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the JSON file")
    return parser.parse_args()


def main() -> None:
    """Train, look, judge."""
    args = parse_args()
    if args.steps < 8 * EVERY:
        raise UserError(f"--steps {args.steps} must be at least {8 * EVERY}: quarters are compared")
    if platform.libc_ver()[0] != "glibc":
        raise UserError("the benchmark reads /proc and asks glibc: run it on such a Linux")
    with tempfile.TemporaryDirectory() as folder:
        if args.mode == "torchreid_joint":
            probe = run_torchreid(args.steps, Path(folder))
        else:
            probe = run_mmengine(args.mode, args.steps, Path(folder))
    grown = growth(probe.samples)
    # torchreid keeps the checkpoint of every evaluation.
    own = {} if args.mode != "torchreid_joint" else {"files": None, "work_dir_mb": None}
    limits = {name: limit for name, limit in LIMITS.items() if name not in own}
    fat = [name for name, limit in limits.items() if grown[name] > limit]
    verdict = f"{args.mode}: " + (f"grows: {', '.join(fat)}" if fat else "flat")
    print(table(probe.samples, grown, limits), RULE, verdict, sep="\n")
    device = "cuda" if torch.cuda.is_available() else "cpu"
    content = {
        "mode": args.mode,
        "rule": RULE,
        "limits": limits,
        "growth": grown,
        "flat": not fat,
        "versions": {n: version(n) for n in ("torch", "torchreid", "mmengine", "numpy")},
        "python": platform.python_version(),
        "device": torch.cuda.get_device_name() if device == "cuda" else "CPU",
        "threads": torch.get_num_threads(),
        "samples": [asdict(sample) for sample in probe.samples],
    }
    text = json.dumps(content, indent=1) + "\n"
    write_atomic(args.out / f"long_run_{args.mode}_{device}.json", text.encode())
    sys.exit(1 if fat else 0)


if __name__ == "__main__":
    run_command(main)
