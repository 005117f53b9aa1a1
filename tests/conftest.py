"""A training that takes seconds, and ways to run the tools in this process."""

import contextlib
import importlib.util
import io
import itertools
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from posegan_plugin import config_path
from posegan_plugin.datasets.procedural import ProceduralPeopleSpec, write_procedural_people
from posegan_plugin.for_mmengine.hooks import SummaryHook

ROOT = Path(__file__).resolve().parents[1]
PEOPLE = {
    "num_train_ids": 12,
    "num_test_ids": 4,
    "num_cameras": 3,
    "images_per_camera": 2,
    "cameras_per_id": 3,
    "height": 32,
    "width": 16,
}
TINY = f"""
_base_ = [{config_path("pose_quartet_demo.py")!r}]
_people = dict(source=dict(**{PEOPLE}), image_size=(32, 16))
train_dataloader = dict(
    batch_size=8, sampler=dict(num_identities=4, num_images=2), dataset=dict(**_people)
)
val_dataloader = dict(dataset=dict(**_people))
test_dataloader = val_dataloader
model = dict(
    backbone=dict(name="osnet_x0_25"),
    reid_input=dict(size=(32, 16)),
    generator=dict(image_size=(32, 16), channels=8, num_blocks=2),
    appearance_discriminator=dict(channels=4, num_layers=2),
    pose_discriminator=dict(channels=4, num_layers=2),
)
param_scheduler = [dict(type="LinearLR", start_factor=1.0, end_factor=0.0, begin=1, end=2)]
train_cfg = dict(max_epochs=2, val_interval=2)
default_hooks = dict(logger=dict(interval=2))
custom_hooks = [
    dict(h, num_pairs=8, grid_rows=3) if h["type"] == "PoseTransferHook" else h
    for h in _base_.custom_hooks
]
"""
_numbers = itertools.count()


@dataclass
class Run:
    """A finished run of a tool."""

    work_dir: Path
    output: str
    runner: object

    @property
    def metrics(self):
        """Those of the last evaluation."""
        return next(h for h in self.runner._hooks if isinstance(h, SummaryHook)).metrics

    @property
    def checkpoint(self):
        """The newest checkpoint."""
        return Path((self.work_dir / "last_checkpoint").read_text())


@dataclass
class Tiny:
    """The tiny set-up."""

    config: Path
    data_root: Path
    folder: Path

    def arguments(self, tool, config, first, options, flags, data_root):
        """A command line, with an experiment name of its own: mmengine's singletons go by it."""
        number = next(_numbers)
        work_dir = flags.pop("work_dir", None) or self.folder / f"run{number}"
        line = [f"{tool}.py", str(config or self.config), *map(str, first)]
        line += ["--data-root", str(data_root or self.data_root), "--work-dir", str(work_dir)]
        for flag, value in flags.items():
            line.append(f"--{flag}")
            line += [] if value is True else [str(value)]
        line += ["--cfg-options", f"experiment_name=tiny{number}"]
        return [*line, *(f"{k}={v}" for k, v in options.items())], Path(work_dir)

    def run(self, tool, *first, config=None, options=None, data_root=None, **flags):
        """Run a tool in this process as its file would run.

        Raises:
            SystemExit: The tool refused.
        """
        line, work_dir = self.arguments(tool, config, first, options or {}, flags, data_root)
        module = load_tool(tool)
        runners, output = [], io.StringIO()
        build = module.build_runner

        def remember(config):
            runners.append(build(config))
            return runners[0]

        module.build_runner = remember
        with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(output):
            patch.setattr(sys, "argv", line)
            patch.setenv("LOCAL_RANK", "0")  # the tools set it
            # Pretty-printing the config takes longer than the training.
            patch.setattr("mmengine.config.config.FormatCode", lambda text, **_: (text, True))
            module.run_command(module.main)
        return Run(work_dir, output.getvalue(), runners[0])

    def start(self, tool, *first, config=None, options=None, python=(), path=(), **flags):
        """Run a tool in a process of its own."""
        line, work_dir = self.arguments(tool, config, first, options or {}, flags, None)
        line[0] = str(ROOT / "tools" / line[0])
        paths = [str(ROOT), *map(str, path)]
        done = subprocess.run(
            [sys.executable, *python, *line],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        return done, work_dir


@dataclass
class Done:
    """What a tool left."""

    code: int
    output: str
    error: str


@pytest.fixture
def command(monkeypatch):
    """Runs any tool in this process as its file would run: ``command("publish", checkpoint, out)``."""

    def run(tool, *arguments):
        module = load_tool(tool)
        monkeypatch.setattr(sys, "argv", [f"{tool}.py", *map(str, arguments)])
        output, error = io.StringIO(), io.StringIO()
        code = 0
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(error):
            try:
                module.run_command(module.main)
            except SystemExit as exit:
                code = exit.code or 0
        return Done(code, output.getvalue(), error.getvalue())

    return run


def load_tool(name):
    spec = importlib.util.spec_from_file_location(f"tool_{name}", ROOT / "tools" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    """Config and rendered people; nobody may write into its data root."""
    folder = tmp_path_factory.mktemp("tiny")
    spec = ProceduralPeopleSpec(**PEOPLE)
    write_procedural_people(folder / "data" / "procedural_people", spec, progress=False)
    (folder / "tiny.py").write_text(TINY)
    return Tiny(folder / "tiny.py", folder / "data", folder)


@pytest.fixture(scope="session")
def joint_run(tiny):
    """One joint training of the tiny set-up; nobody may change its files."""
    return tiny.run("train")
