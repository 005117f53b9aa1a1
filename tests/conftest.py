"""A training that takes seconds, and ways to run the tools in this process."""

import contextlib
import importlib.util
import io
import itertools
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
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
    pose_discriminator=dict(_delete_=True, type="PoseDiscriminator", channels=4, num_layers=2),
)
param_scheduler = [dict(type="LinearLR", start_factor=1.0, end_factor=0.0, begin=1, end=2)]
train_cfg = dict(max_epochs=2, val_interval=2)
default_hooks = dict(logger=dict(interval=2), pose_transfer=dict(num_pairs=8, grid_rows=3))
"""
_numbers = itertools.count()


@pytest.fixture(scope="session", autouse=True)
def _interrupts_arrive():
    """A shell starts background jobs with Ctrl-C ignored, which all their processes would inherit."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


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


@pytest.fixture(scope="session")
def simcc_model(tmp_path_factory):
    """Makes a pose network with RTMPose's input and outputs that finds coloured blocks.

    ``simcc_model(width, height, joints, batch, gains)``: the file of a network whose left joints (odd
    numbers) lie at the brightest green, whose right joints (even numbers) at the brightest red and
    whose nose (number 0) at the brightest blue. Full brightness scores ``gains``, black below 0.
    ``batch`` is a number, or a name for any.
    """
    pytest.importorskip("onnxruntime")
    onnx = pytest.importorskip("onnx")
    helper, numpy_helper = onnx.helper, onnx.numpy_helper
    folder = tmp_path_factory.mktemp("simcc")
    mean, std = np.array((123.675, 116.28, 103.53)), np.array((58.395, 57.12, 57.375))

    def make(width=48, height=64, joints=17, batch="N", gains=0.8):
        weight = np.zeros((joints, 3, 1, 1), dtype=np.float32)
        colour = [2] + [1 if joint % 2 else 0 for joint in range(1, joints)]
        weight[range(joints), colour, 0, 0] = gains / ((255 - mean) / std)[colour]
        constants = {
            "weight": weight,
            "halves": np.array([1, 0.5], dtype=np.float32),
            "last": np.array([-1], dtype=np.int64),
            "rows": np.array([0, 0, -1], dtype=np.int64),
        }
        nodes = [helper.make_node("Conv", ["images", "weight"], ["maps"])]
        for name, axis in (("simcc_x", 2), ("simcc_y", 3)):
            # Every pixel has two bins (a split ratio of 2), of which the first is the higher.
            nodes += [
                helper.make_node("ReduceMax", ["maps"], [f"{name}1"], axes=[axis], keepdims=0),
                helper.make_node("Unsqueeze", [f"{name}1", "last"], [f"{name}2"]),
                helper.make_node("Mul", [f"{name}2", "halves"], [f"{name}3"]),
                helper.make_node("Reshape", [f"{name}3", "rows"], [name]),
            ]
        shapes = {"simcc_x": 2 * width, "simcc_y": 2 * height}
        graph = helper.make_graph(
            nodes,
            "blocks",
            [helper.make_tensor_value_info("images", 1, [batch, 3, height, width])],
            [helper.make_tensor_value_info(n, 1, [batch, joints, b]) for n, b in shapes.items()],
            [numpy_helper.from_array(array, name) for name, array in constants.items()],
        )
        opset = [helper.make_opsetid("", 13)]
        model = helper.make_model(graph, opset_imports=opset, ir_version=8)
        path = folder / f"blocks{next(_numbers)}.onnx"
        onnx.save(model, path)
        return path

    return make
