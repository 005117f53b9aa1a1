"""Tiny trainings that can be started, killed, resumed and compared, for ``faults.py``."""

from __future__ import annotations

import os
import re
import runpy
import shutil
import sys
import time
import traceback
from dataclasses import dataclass
from pathlib import Path

import torch
import yaml

from posegan_plugin import config_path
from posegan_plugin.checkpoint import saved_checkpoints
from posegan_plugin.datasets.procedural import ProceduralPeopleSpec, write_procedural_people
from posegan_plugin.errors import UserError
from posegan_plugin.for_torchreid.checkpoint_files import checkpoint_sets

TOOLS = Path(__file__).resolve().parents[1]
EPOCHS = 4
SIZE = (32, 16)
PEOPLE = {"num_train_ids": 12, "num_test_ids": 26, "num_cameras": 2, "cameras_per_id": 2}
PEOPLE |= {"images_per_camera": 3, "height": SIZE[0], "width": SIZE[1]}
MARKET = "market1501/Market-1501-v15.09.15"
NETWORKS = {
    "generator": {"image_size": list(SIZE), "channels": 8, "num_blocks": 2},
    "appearance_discriminator": {"channels": 4, "num_layers": 2},
    "pose_discriminator": {"channels": 4, "num_layers": 2},
}
MODES = ("joint", "online", "baseline")
TRAININGS = tuple(f"{toolbox}_{mode}" for toolbox in ("mmengine", "torchreid") for mode in MODES)
MMENGINE = f"""
_base_ = [{config_path("pose_quartet_demo.py")!r}]
_people = dict(
    source=dict(_delete_=True, name="market_layout", folder="{MARKET}"), image_size={SIZE}
)
train_dataloader = dict(
    batch_size=8, num_workers=1, persistent_workers=False, sampler=dict(num_identities=4, num_images=2),
    dataset=dict(**_people),
)
val_dataloader = dict(dataset=dict(**_people))
test_dataloader = val_dataloader
model = dict(
    backbone=dict(name="osnet_x0_25"), reid_input=dict(size={SIZE}, erase=0.5), max_pairs=5,
    generator=dict({NETWORKS["generator"]}),
    appearance_discriminator=dict({NETWORKS["appearance_discriminator"]}),
    pose_discriminator=dict(
        {NETWORKS["pose_discriminator"]}, _delete_=True, type="PoseDiscriminator"
    ),
    objective=dict(adversarial_ramp=(0, 0), semantic_ramp=(0, 0)), augment=dict(warmup=0),
)
param_scheduler = [dict(type="LinearLR", start_factor=1.0, end_factor=0.0, begin=1, end={EPOCHS})]
train_cfg = dict(max_epochs={EPOCHS}, val_interval=2)
default_hooks = dict(logger=dict(interval=1), pose_transfer=dict(num_pairs=8, grid_rows=3))
"""
TORCHREID = {
    "use_gpu": False,
    "model": {"name": "osnet_x0_25", "pretrained": False},
    "data": {
        "height": 32,
        "width": 16,
        "workers": 1,
        "transforms": ["random_flip", "random_erase"],
    },
    "sampler": {"train_sampler": "RandomIdentitySampler", "num_instances": 2},
    "loss": {"triplet": {"weight_x": 1.0}},
    "train": {"max_epoch": EPOCHS, "batch_size": 8, "lr": 0.002, "stepsize": [2], "print_freq": 1},
    "test": {"eval_freq": 2},
}


@dataclass
class Victim:
    """A training that is started again until it is done.

    Attributes:
        toolbox: ``mmengine`` or ``torchreid``.
        mode: ``joint``, ``online`` or ``baseline``.
        config: Its config file.
        data: The folder of the data sets.
        folder: Where the run goes.
        options: Further parts of the command line.
        batches: Steps of an epoch.
    """

    toolbox: str
    mode: str
    config: Path
    data: Path
    folder: Path
    options: tuple[str, ...] = ()
    batches: int = 0

    @property
    def log(self) -> Path:
        """What the current process has printed."""
        return self.folder.with_suffix(".log")

    def states(self) -> list[list[Path]]:
        """Checkpoints that the run can go on from, the newest first; one file a network."""
        if self.toolbox == "mmengine":
            return [[path] for path in saved_checkpoints(self.folder)]
        names = ["model"] if self.mode != "joint" else ["reid", *NETWORKS]
        try:
            return [list(files.values()) for files in checkpoint_sets(self.folder, names)]
        except UserError:
            return []

    def command(self) -> list[str]:
        """The command line that starts the run, or goes on with it."""
        if self.toolbox == "mmengine":
            line = ["train.py", self.config, "--data-root", self.data, "--work-dir", self.folder]
            return [*map(str, line), *self.options, "--resume"]
        line = ["train_torchreid.py", "--config-file", self.config, "--root", self.data]
        line += ["data.save_dir", self.folder, *self.options]
        return [*map(str, line), *(["model.resume", str(self.folder)] if self.states() else [])]

    def start(self) -> int:
        """Start or resume the run in a process of its own, with a slow disk; its id."""
        self.folder.mkdir(parents=True, exist_ok=True)
        process = os.fork()  # imports are done already: a start takes a second, not ten
        if process == 0:
            self._run()
        return process

    def _run(self) -> None:
        code = 1
        try:
            output = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(output, 1)
            os.dup2(output, 2)
            sys.stdout.reconfigure(line_buffering=True)
            _slow_disk()
            sys.argv = self.command()
            tool = str(TOOLS / sys.argv[0])
            sys.argv[0] = tool
            runpy.run_path(tool, run_name="__main__")
            code = 0
        except SystemExit as stop:
            code = int(stop.code or 0)
        except BaseException:  # the process ends here, whatever it is
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            os._exit(code)

    def steps(self) -> tuple[int, int] | None:
        """Where the current process began and how far it has come, in steps from the start.

        ``None`` where it has not come to train or to read a checkpoint.
        """
        text = self.log.read_text(errors="replace")
        if self.toolbox == "mmengine":
            done = re.findall(r"Epoch\(train\)\s+\[(\d+)\]\[\s*(\d+)/(\d+)\]", text)
            begun = re.findall(r"resumed epoch: \d+, iter: (\d+)", text)
            start = int(begun[0]) if begun else 0
        else:
            done = re.findall(r"epoch: \[(\d+)/\d+\]\[(\d+)/(\d+)\]", text)
            begun = re.findall(r"Resumed from .* after epoch (\d+)(?: and (\d+) batches)?", text)
            start = int(begun[0][0]) * self.batches + int(begun[0][1] or 0) if begun else 0
        if not begun and not done:
            return None
        reached = [(int(e) - 1) * int(n) + int(i) for e, i, n in done]
        return start, max(reached, default=start)

    def final(self) -> dict[str, object] | None:
        """All that has to be the same in the end; ``None`` before the end."""
        if self.toolbox == "mmengine":
            path = self.folder / f"epoch_{EPOCHS}.pth"
            if not path.is_file():
                return None
            content = torch.load(path, weights_only=True)
            content["log"] = {
                k: v for k, v in content["message_hub"]["log_scalars"].items() if "time" not in k
            }
            return {k: content[k] for k in ("state_dict", "optimizer", "param_schedulers", "log")}
        found = {p.parent.name: p for p in self.folder.glob(f"*/model.pth.tar-{EPOCHS}")}
        states = {n: torch.load(p, weights_only=True) for n, p in found.items()}
        if not states or any("rank1" not in s for s in states.values()):
            return None  # the final test has not been made
        for state in states.values():
            del state["temporary"]
            del state["random"]  # torchreid tests once more when a run is resumed at its end
        return states


def prepare(folder: Path) -> dict[str, Victim]:
    """Render the people and write the configs; one victim for each of ``TRAININGS``.

    Args:
        folder: Where everything goes; runs that lie there are removed.
    """
    for runs in ("reference", "killed"):
        shutil.rmtree(folder / runs, ignore_errors=True)
    data = folder / "data"
    write_procedural_people(data / MARKET, ProceduralPeopleSpec(**PEOPLE), progress=False)
    config = folder / "tiny.py"
    config.write_text(MMENGINE)
    trained = folder / "reference" / "mmengine_joint"
    victims = {}
    for mode in MODES:
        options = {"model.mode": mode, "experiment_name": "faults"}
        if mode == "online":
            options |= {"model.generator_checkpoint": trained, "model.augment.target": "any"}
        options = ("--cfg-options", *(f"{k}={v}" for k, v in options.items()))
        name = f"mmengine_{mode}"
        victims[name] = Victim("mmengine", mode, config, data, folder / "reference" / name, options)
    for mode in MODES:
        section = {"mode": mode, "keypoints": [f"{MARKET}/market-annotation-train.csv"], **NETWORKS}
        if mode == "online":
            section |= {"checkpoint": str(trained / f"epoch_{EPOCHS}.pth")}
            section |= {"condition_on_camera": True}
            ours = {"correspondence": "attention", "part_warp": True}
            section["generator"] = {**section["generator"], **ours}
        file = folder / f"{mode}.yaml"
        file.write_text(yaml.safe_dump({**TORCHREID, "posegan": section}))
        name = f"torchreid_{mode}"
        victims[name] = Victim("torchreid", mode, file, data, folder / "reference" / name)
    return victims


def _slow_disk() -> None:
    """Make writes long enough to be hit."""
    sync = os.fsync

    def slow(descriptor: int) -> None:
        time.sleep(0.03)
        sync(descriptor)

    os.fsync = slow
