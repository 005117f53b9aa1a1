"""Rows that torchreid's engines train, through the plugin's YAML keys."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path

import torch
import yaml
from torch import Tensor

from posegan_plugin.for_mmengine.pretrained import Pretrained
from posegan_plugin.for_torchreid.builders import build_datamanager, run_options
from posegan_plugin.for_torchreid.registration import register
from posegan_plugin.for_torchreid.reid_step import features_of
from posegan_plugin.for_torchreid.resolver import torchreid_module
from posegan_plugin.for_torchreid.yaml_checks import check_values
from posegan_plugin.for_torchreid.yaml_config import Section, load_config
from posegan_plugin.for_torchreid.yaml_engines import build_engine
from posegan_plugin.images import resize_images, to_imagenet
from posegan_plugin.pose import write_atomic
from reid.people import People
from reid.presets import Preset, Setting
from reid.trained import Clock, Trained

_PLACES = ("root", "save_dir", "workers")


def toolbox_options(preset: Preset, setting: Setting, people: People, seed: int) -> dict:
    """What all rows share, by dotted key."""
    height, width = preset.image_size
    return {
        "model.name": preset.backbone,
        "model.pretrained": False,
        "data.root": str(people.root),
        "data.sources": ["market1501"],
        "data.targets": ["market1501"],
        "data.height": height,
        "data.width": width,
        "data.workers": preset.workers,
        "data.transforms": ["random_flip", "random_crop", *["random_erase"] * setting.erase],
        "train.optim": "adam",
        "train.lr": setting.lr,
        "train.max_epoch": setting.epochs,
        "train.batch_size": preset.batch,
        "train.lr_scheduler": "cosine",
        "train.seed": seed,
        "test.batch_size": 256,
    }


def generator_options(generator: Pretrained, people: People) -> dict:
    """The keys that put a trained generator into an online mode."""
    built = dict(generator.architecture["generator"])
    cameras = built.pop("num_cameras")
    built.pop("type")
    return {
        "posegan.checkpoint": str(generator.path),
        "posegan.keypoints": people.keypoints,
        "posegan.condition_on_camera": cameras > 0,
        "posegan.num_cameras": cameras or None,
        **{f"posegan.generator.{key}": value for key, value in built.items()},
    }


class ToolboxTraining:
    """A training of ``tools/train_torchreid.py``, see :class:`reid.trained.Training`.

    Args:
        options: Its keys, dotted.
        people: What tells who is trained on.
        generator: Digest of the generator that an online mode draws with.
        shrunk: Whether condition images stand in for what the generator would draw of them, at its
            size: what remains is that the added people are as small as its own.
    """

    def __init__(
        self,
        options: Mapping[str, object],
        people: str,
        generator: str | None = None,
        shrunk: bool = False,
    ) -> None:
        self._shrunk = shrunk
        self._yaml = yaml.safe_dump(_nested(options), sort_keys=False)
        known = _nested(options)
        known["data"] = {k: v for k, v in known["data"].items() if k not in _PLACES}
        section = known.get("posegan", {})
        section.pop("keypoints", None)
        if "checkpoint" in section:
            section["checkpoint"] = generator
        if "teacher_checkpoint" in section:
            section["teacher_checkpoint"] = Path(section["teacher_checkpoint"]).parent.name
        known["train"].pop("seed")
        self.content = {**known, "trained_on": people}
        if shrunk:  # else not named, as in results from before there was this
            self.content["shrunk"] = True

    def train(self, folder: Path) -> Trained:
        """See :class:`reid.trained.Training`; torchreid's output goes to a log in the folder."""
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / "row.yaml"
        write_atomic(file, self._yaml.encode())
        with (folder / "train.log").open("a") as log, contextlib.redirect_stdout(log):
            register()
            config = load_config(str(file), {"data.save_dir": str(folder)})
            config["use_gpu"] = torch.cuda.is_available()
            check_values(config)
            return self._run(config, folder)

    def _run(self, config: Section, folder: Path) -> Trained:
        # The order of torchreid's script: random numbers depend on it.
        torchreid_module("utils").set_random_seed(config.train.seed)
        torch.backends.cudnn.benchmark = config.use_gpu
        engine = build_engine(config, build_datamanager(config))
        if self._shrunk:
            engine.datamanager.generator.forward = _condition_itself
        # As the plugin's own modes: no row is faster for its memory layout alone.
        engine.model.to(memory_format=torch.channels_last)
        options = run_options(config)
        if any(folder.glob("model/model.pth.tar-*")):
            options["start_epoch"] = engine.resume(folder)
        clock = Clock(folder / "seconds.json")
        engine.train = clock.timed(engine.train)
        engine.run(**options)
        cmc, mean = engine.scores["market1501"]
        model = engine.model.eval()

        @torch.no_grad()
        def describe(images: Tensor) -> Tensor:
            size = (config.data.height, config.data.width)
            return features_of(model(to_imagenet(resize_images(images, size)))).float()

        # A sampler may give fewer batches than it announces: ask who has counted.
        steps = int(next(iter(engine.optimizer.state.values()))["step"])
        reported = {"R1": 100 * float(cmc[0]), "mAP": 100 * float(mean)}
        return Trained(describe, None, clock.seconds, steps, reported)


def _condition_itself(condition: Tensor, *poses_and_camera: Tensor) -> Tensor:
    return condition


def _nested(options: Mapping[str, object]) -> dict:
    nested: dict = {}
    for key, value in options.items():
        *sections, name = key.split(".")
        inner = nested
        for section in sections:
            inner = inner.setdefault(section, {})
        inner[name] = value
    return nested
