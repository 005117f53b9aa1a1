"""Train with torchreid from its own YAML files: python tools/train_torchreid.py --config-file FILE."""

from __future__ import annotations

import argparse
import contextlib
import os
import shlex
import signal
import sys
import time
import warnings
from pathlib import Path
from typing import TextIO

from posegan_plugin.errors import Interrupted, UserError


def parse_args(line: list[str] | None = None) -> argparse.Namespace:
    """The command line, which is that of torchreid's own script."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config-file", default="", help="YAML file, torchreid's or this plugin's")
    parser.add_argument("-s", "--sources", nargs="+", help="data sets to train on")
    parser.add_argument("-t", "--targets", nargs="+", help="data sets to test on")
    parser.add_argument("--transforms", nargs="+", help="augmentation of training images")
    parser.add_argument("--root", help="folder of the data sets (config key data.root)")
    parser.add_argument("--gpu-devices", help="CUDA devices to use, for example 0,1")
    parser.add_argument(
        "opts", nargs=argparse.REMAINDER, help="KEY VALUE ..., for example train.max_epoch 10"
    )
    args = parser.parse_args(line)
    for name in ("sources", "targets", "transforms"):
        # An option that takes several values also takes the KEY VALUE pairs behind it.
        values = getattr(args, name) or []
        pairs = next((n for n, value in enumerate(values) if "." in value), len(values))
        args.opts = values[pairs:] + args.opts
        setattr(args, name, values[:pairs])
    return args


class Tee:
    """Writes to a stream and to a file."""

    def __init__(self, stream: TextIO, file: TextIO) -> None:
        self.stream = stream
        self.file = file

    def write(self, text: str) -> int:
        """Write to both."""
        self.file.write(text)
        return self.stream.write(text)

    def flush(self) -> None:
        """Flush both."""
        self.file.flush()
        self.stream.flush()


def train(args: argparse.Namespace) -> object:
    """Train, or with ``test.evaluate`` only test; print the table.

    Args:
        args: The command line.

    Returns:
        The engine, after its run.
    """
    if args.gpu_devices is not None:
        os.environ["CUDA_VISIBLE_DEVICES"] = args.gpu_devices  # before anything asks for a GPU
    import torch

    from posegan_plugin.for_torchreid.registration import register
    from posegan_plugin.for_torchreid.yaml_checks import check_values
    from posegan_plugin.for_torchreid.yaml_config import load_config
    from posegan_plugin.memory import keep_freed_memory

    named = {f"data.{n}": getattr(args, n) for n in ("root", "sources", "targets", "transforms")}
    given = {key: value for key, value in named.items() if value}
    config = load_config(args.config_file, given, args.opts)
    available = torch.cuda.is_available()
    config["use_gpu"] = available if config.use_gpu is None else config.use_gpu and available
    if not config.use_gpu:
        keep_freed_memory()
    registered = register()
    check_values(config)
    folder = Path(config.data.save_dir)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"data.save_dir {folder} cannot be made ({error.strerror}): choose another"
        ) from error
    name = f"{'test' if config.test.evaluate else 'train'}.log{time.strftime('-%Y-%m-%d-%H-%M-%S')}"
    with (
        (folder / name).open("w", encoding="utf-8") as file,
        contextlib.redirect_stdout(Tee(sys.stdout, file)),
    ):
        print(registered)
        return run(config)


def run(config: object) -> object:
    """The run itself, in the order of torchreid's script: random numbers depend on it."""
    import torch

    from posegan_plugin.for_torchreid.builders import build_datamanager, run_options
    from posegan_plugin.for_torchreid.resolver import torchreid_module
    from posegan_plugin.for_torchreid.yaml_config import CONFIG_FILE
    from posegan_plugin.for_torchreid.yaml_engines import build_engine
    from posegan_plugin.pose.files import write_atomic

    print(f"Configuration\n{_text(config)}")
    torchreid_module("utils").set_random_seed(config.train.seed)
    torch.backends.cudnn.benchmark = config.use_gpu
    engine = build_engine(config, build_datamanager(config))
    options = run_options(config)
    # A discriminator that waits for its ramp has not been stepped when its schedule is.
    warnings.filterwarnings("ignore", message="Detected call of `lr_scheduler.step")
    if config.model.resume:
        options["start_epoch"] = start_from(engine, config)
    if not config.test.evaluate:  # and not before a resume is accepted: it describes what is there
        write_atomic(Path(config.data.save_dir) / CONFIG_FILE, _text(config).encode())
    engine.run(**options)
    print(summary(engine, config))
    return engine


def start_from(engine: object, config: object) -> int:
    """Restore what ``model.resume`` names; the epoch to start with."""
    from posegan_plugin.for_torchreid.weights import load_weights

    # A test of a joint run has the re-ID model alone, which lies there under another name.
    if config.test.evaluate and config.posegan and config.posegan.mode == "joint":
        load_weights(engine.model, config.model.resume, "model.resume")
        return 0
    return engine.resume(config.model.resume)


def _text(config: object) -> str:
    """The config as a file that gives it again."""
    import yaml

    from posegan_plugin.for_torchreid.yaml_config import plain

    content = {key: value for key, value in plain(config).items() if value is not None}
    return yaml.safe_dump(content, sort_keys=False)


def summary(engine: object, config: object) -> str:
    """One table: scores of each target, and where the checkpoints lie."""
    ranks = (1, 5, 10)
    rows = [("", *(f"R{r}" for r in ranks), "mAP")]
    scores = getattr(engine, "scores", {})
    for name, (cmc, mean) in scores.items():
        rows.append((name, *(f"{cmc[r - 1]:.1%}" for r in ranks), f"{mean:.1%}"))
    width = max(len(row[0]) for row in rows)
    lines = [
        f"{name:<{width}}  " + "".join(f"{cell:>8}" for cell in cells) for name, *cells in rows
    ]
    if not config.test.evaluate:
        for name in engine.get_model_names():
            written = Path(config.data.save_dir) / name / f"model.pth.tar-{engine.epoch + 1}"
            lines += [f"{name}: {written}"] if written.is_file() else []
    if config.test.visrank:
        lines += [f"pictures: {Path(config.data.save_dir) / f'visrank_{n}'}" for n in scores]
    rule = "-" * max(map(len, lines))
    return "\n".join([rule, *lines, rule])


def main() -> None:
    """Train; a user's mistake is one sentence on stderr and exit code 2."""
    try:
        train(parse_args())
    except UserError as error:
        # Not for_mmengine's run_command: importing mmengine would fix the visible GPUs.
        print(error.report(), file=sys.stderr)
        sys.exit(2)
    except Interrupted as stop:
        resume = ["model.resume", stop.saved_in]
        line = sys.argv if sys.argv[-2:] == resume else [*sys.argv, *resume]
        print(f"{stop}; go on with: {shlex.join(['python', *line])}", file=sys.stderr)
        sys.exit(stop.exit_code)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(128 + signal.SIGINT)


if __name__ == "__main__":
    main()
