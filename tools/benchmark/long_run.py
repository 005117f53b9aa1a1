"""Whether a long training stays flat: python tools/benchmark/long_run.py MODE [--steps 2000].

Trains tiny networks on people that the package renders and looks every 100 steps at the process
(memory, open files, threads) and at the work dir (files and bytes, logs apart: a log grows by its
lines). One mode a process, so that each starts with fresh memory. Linux with glibc. Exit code 1 if
something grows.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import platform
import sys
import tempfile
import time
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

import torch
from harness import RESULTS
from mmengine.hooks import Hook
from mmengine.runner import Runner
from probe import EVERY, Probe, growth, table

from posegan_plugin import config_path
from posegan_plugin.errors import UserError
from posegan_plugin.for_mmengine.cli import run_command
from posegan_plugin.paths import weights_path
from posegan_plugin.pose import write_atomic

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
    "model.pose_discriminator": {"_delete_": True, "type": "PoseDiscriminator", **DISCRIMINATOR},
    "train_cfg.val_interval": EVERY // STEPS_AN_EPOCH,  # an evaluation between two looks
    "default_hooks.pose_transfer.num_pairs": 32,
    "log_level": "WARNING",
}
MODES = ("joint", "online", "baseline", "torchreid_joint")


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
    from posegan_plugin.datasets.procedural import ProceduralPeopleSpec, write_procedural_people
    from posegan_plugin.for_torchreid.builders import build_datamanager, run_options
    from posegan_plugin.for_torchreid.registration import register
    from posegan_plugin.for_torchreid.yaml_config import load_config
    from posegan_plugin.for_torchreid.yaml_engines import build_engine

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
        "posegan.discriminators": ["appearance", "pose"],
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
