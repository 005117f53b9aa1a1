"""Trainings that go on where a killed one stopped: the re-ID networks, and the rows' generators."""

from __future__ import annotations

import copy
import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import Tensor, nn

from posegan_plugin import config_path
from posegan_plugin.checkpoint import newest_checkpoint, read_checkpoint
from posegan_plugin.datasets import IdentitySampler
from posegan_plugin.for_mmengine.config import (
    build_runner,
    find_resume,
    load_config,
    prepare_for_dataset,
    set_epochs,
    use_amp,
)
from posegan_plugin.for_mmengine.load_people import load_people
from posegan_plugin.for_mmengine.model import unwrap
from posegan_plugin.registry import MODELS
from quality.cost import width_for
from quality.recipes import Preset, Recipe

_CONFIGS = {"market": "pose_quartet_market_small.py", "procedural": "pose_quartet_demo_weights.py"}
DATA = tuple(_CONFIGS)


def base_config(data: str, data_root: str, preset: Preset, work_dir: Path, seed: int) -> Config:
    """What all trainings share: the people at the preset's size, and no evaluation on the way.

    Args:
        data: One of :data:`DATA`.
        data_root: Folder of the data sets.
        preset: Says the size.
        work_dir: Where checkpoints and logs go.
        seed: Of networks and of the order of the data.
    """
    config = load_config(config_path(_CONFIGS[data]), data_root=data_root)
    size = preset.image_size
    for name in ("train_dataloader", "val_dataloader"):
        dataset = config[name].dataset
        dataset.image_size = size
        if data == "procedural":
            dataset.source.update(height=size[0], width=size[1], **preset.people)
    config.test_dataset = config.val_dataloader.dataset
    for phase in ("val", "test"):
        config[f"{phase}_dataloader"] = config[f"{phase}_cfg"] = config[f"{phase}_evaluator"] = None
    config.model.reid_input.size = size
    config.randomness.seed = seed
    config.work_dir = str(work_dir)
    # mmengine keeps one logger and one message hub for each name.
    config.experiment_name = f"{work_dir.parent.name}_{work_dir.name}"
    config.visualizer.vis_backends = [{"type": "LocalVisBackend"}]
    config.default_hooks.pose_transfer.num_pairs = 0
    return config


def reid_config(config: Config, preset: Preset, **overrides: object) -> Config:
    """A re-ID network that sees real people only.

    Args:
        config: Of :func:`base_config`; changed in place.
        preset: Says how long.
        **overrides: Dotted keys with double underscores for dots.
    """
    config.model.mode = "baseline"
    config.merge_from_dict(
        {**preset.reid, **{key.replace("__", "."): value for key, value in overrides.items()}}
    )
    set_epochs(config, preset.reid_epochs)
    return config


def row_config(config: Config, preset: Preset, recipe: Recipe, encoder: Path) -> Config:
    """A generator that is trained against a frozen re-ID network.

    Args:
        config: Of :func:`base_config`; changed in place.
        preset: Says size, samples (rounded to whole passes over the data), batch, discriminators.
        recipe: What the row is.
        encoder: Checkpoint of the re-ID network.
    """
    model, loader = config.model, config.train_dataloader
    config.merge_from_dict({k: v for k, v in preset.reid.items() if k.startswith("model.")})
    generator = {**recipe.generator, "image_size": preset.image_size}
    if "channels" not in generator:
        generator["channels"] = width_for(
            lambda width: MODELS.build({**generator, "channels": width}), preset.gmac
        )
    model.generator = generator
    model.reid_checkpoint = str(encoder)
    model.condition_on_camera = recipe.camera
    for name, part in (("appearance", "D_I"), ("pose", "D_P")):
        judge = {"type": f"{name.capitalize()}Discriminator", **preset.discriminator}
        model[f"{name}_discriminator"] = None if part in recipe.without else judge
    if "L_S" in recipe.without:
        model.objective.weights.semantic = 0.0
    # Twice as many people as pairs: not everybody has enough joints.
    loader.batch_size = 2 * preset.batch
    loader.sampler = {
        "type": "IdentitySampler",
        "num_identities": preset.batch,
        "num_images": 2,
    }
    model.max_pairs = preset.batch
    splits = load_people(loader.dataset.source, loader.dataset.data_root)
    sampler = IdentitySampler([p.pid for p in splits.train], preset.batch, 2)
    epochs = max(2, round(preset.samples / (sampler.num_batches * preset.batch)))
    set_epochs(config, epochs)
    config.param_scheduler = [
        {"type": "LinearLR", "start_factor": 1.0, "end_factor": 0.0, "begin": epochs // 2}
        | {"end": epochs, "by_epoch": True, "convert_to_iter_based": True}
    ]
    if preset.amp:
        use_amp(config)
    return config


def train(config: Config, hooks: Sequence[Hook] = ()) -> Path:
    """Train to the end, from the newest checkpoint in the work dir if there is one.

    Args:
        config: Of :func:`reid_config` or :func:`row_config`.
        hooks: Further hooks.

    Returns:
        The last checkpoint.
    """
    config.load_from = find_resume(config.work_dir, "auto")
    config.resume = config.load_from is not None
    if config.resume:
        meta = read_checkpoint(config.load_from)["meta"]
        if meta["epoch"] >= config.train_cfg.max_epochs:
            return Path(config.load_from)
    prepare_for_dataset(config)
    runner = build_runner(copy.deepcopy(config))
    for hook in hooks:
        runner.register_hook(hook)
    runner.train()
    return newest_checkpoint(config.work_dir)


@dataclass(frozen=True)
class Seen:
    """What a row trained on.

    Attributes:
        samples: Condition-target pairs.
        fingerprint: Hash of all their poses in order: rows of equal fingerprint saw the same.
        seconds: Time of the training steps.
    """

    samples: int
    fingerprint: str
    seconds: float


class SamplesHook(Hook):
    """Draws the same pairs for every row, and keeps count of them in the checkpoints.

    Each step's random numbers depend on the seed and the step alone: a generator with dropout would
    otherwise change which pairs come next.
    """

    priority = "VERY_LOW"

    def before_train(self, runner: Runner) -> None:
        """Look at what the generator is given; a resumed run goes on counting."""
        self._hub = runner.message_hub
        if runner.iter == 0:
            self._hub.update_info_dict({"samples": 0, "fingerprint": "", "seconds": 0.0})
        unwrap(runner.model).generator.register_forward_pre_hook(self._look)

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: dict | None = None
    ) -> None:
        """Seed the step, start the clock."""
        torch.manual_seed(
            int(np.random.SeedSequence([runner.seed, runner.iter]).generate_state(1)[0])
        )
        self._start = time.perf_counter()

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: dict | None = None,
        outputs: dict | None = None,
    ) -> None:
        """Stop it."""
        spent = time.perf_counter() - self._start
        self._hub.update_info("seconds", self._hub.get_info("seconds") + spent)

    def _look(self, generator: nn.Module, given: tuple[Tensor, ...]) -> None:
        digest = hashlib.sha256(self._hub.get_info("fingerprint").encode())
        for poses in given[1:3]:
            digest.update(poses.detach().cpu().contiguous().numpy().tobytes())
        self._hub.update_info("fingerprint", digest.hexdigest())
        self._hub.update_info("samples", self._hub.get_info("samples") + len(given[0]))


def seen_by(checkpoint: Path) -> Seen:
    """What :class:`SamplesHook` has left in a checkpoint."""
    info = read_checkpoint(checkpoint)["message_hub"]["runtime_info"]
    return Seen(info["samples"], info["fingerprint"], info["seconds"])
