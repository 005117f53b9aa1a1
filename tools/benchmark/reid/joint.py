"""Rows that mmengine trains: the package's joint config, as near to the toolbox's rows as it goes."""

from __future__ import annotations

import copy
import time
from collections.abc import Mapping
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner
from quality.configs import trained_model
from quality.training import train

from posegan_plugin import config_path
from posegan_plugin.checkpoint import read_checkpoint
from posegan_plugin.for_mmengine.config import load_config
from posegan_plugin.for_mmengine.pretrained import load_pretrained
from reid.people import People
from reid.presets import Preset, Setting
from reid.trained import Trained

_BASE = "pose_quartet_market_small.py"
_REVISION = 1
"""Raised where the package comes to train the same config with another outcome."""


def joint_config(
    preset: Preset, setting: Setting, people: People, seed: int, options: Mapping[str, object]
) -> Config:
    """The config of a row: same backbone, input, optimiser and schedule as torchreid's rows.

    Args:
        preset: Sizes.
        setting: What is tuned.
        people: Who is trained on.
        seed: Of networks and of the order of the data.
        options: What is special about the row, dotted.
    """
    config = load_config(config_path(_BASE), data_root=str(people.root))
    shared = {
        "model.backbone.name": preset.backbone,
        "model.reid_input": {"size": preset.image_size, "erase": 0.5 * setting.erase},
        "model.objective.label_smoothing": 0.1,
        "model.augment.ratio": 0.25,
        "optim_wrapper.reid.optimizer": {"lr": setting.lr, "weight_decay": 5e-4},
        "train_cfg.max_epochs": setting.epochs,
        "train_dataloader.batch_size": preset.batch,
        "train_dataloader.sampler.num_images": preset.batch - preset.num_partners,
        "train_dataloader.sampler.num_partners": preset.num_partners,
        "train_dataloader.dataset.keypoints": None,  # those beside the images
        "train_dataloader.dataset.image_size": preset.image_size,
        "randomness.seed": seed,
        "visualizer.vis_backends": [{"type": "LocalVisBackend"}],
        "default_hooks.pose_transfer.num_pairs": 0,
    }
    for part in (shared, preset.joint, options):
        config.merge_from_dict(copy.deepcopy(dict(part)))  # it writes into dicts
    for judge in ("appearance_discriminator", "pose_discriminator"):
        if config.model[judge] is not None:
            config.model[judge].update(preset.discriminator)
    config.param_scheduler = [
        {"type": "CosineAnnealingLR", "T_max": setting.epochs, "by_epoch": True}
    ]
    for phase in ("val", "test"):
        config[f"{phase}_dataloader"] = config[f"{phase}_cfg"] = config[f"{phase}_evaluator"] = None
    return config


class JointTraining:
    """A training of ``tools/train.py``, see :class:`reid.trained.Training`.

    Args:
        config: Of :func:`joint_config`.
    """

    def __init__(self, config: Config) -> None:
        self._config = config
        parts = ("optim_wrapper", "param_scheduler", "train_cfg")
        loader = config.train_dataloader
        self.content = {key: config.to_dict()[key] for key in parts}
        self.content |= {"model": trained_model(config), "revision": _REVISION}
        self.content |= {"sampler": dict(loader.sampler), "image_size": loader.dataset.image_size}

    def train(self, folder: Path) -> Trained:
        """See :class:`reid.trained.Training`."""
        checkpoint = train(self._config, folder, [SecondsHook()])
        info = read_checkpoint(checkpoint)["message_hub"]["runtime_info"]
        run = load_pretrained(checkpoint, device="cuda" if torch.cuda.is_available() else "cpu")
        return Trained(run.describe, run.generator, info["seconds"], info["iter"] + 1)


class SecondsHook(Hook):
    """Adds up the time of all epochs, in the checkpoints."""

    priority = "VERY_HIGH"  # before the checkpoint of an epoch is written

    def before_train(self, runner: Runner) -> None:
        """A resumed run goes on counting."""
        if runner.iter == 0:
            runner.message_hub.update_info("seconds", 0.0)

    def before_train_epoch(self, runner: Runner) -> None:
        """Start the clock."""
        self._start = time.perf_counter()

    def after_train_iter(self, runner: Runner, *args: object, **kwargs: object) -> None:
        """Read it."""
        now = time.perf_counter()
        hub = runner.message_hub
        hub.update_info("seconds", hub.get_info("seconds") + now - self._start)
        self._start = now
