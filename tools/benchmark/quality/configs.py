"""Configs of the trainings, from the package's own."""

from __future__ import annotations

import copy
import hashlib
import json
from pathlib import Path

from mmengine.config import Config

from posegan_plugin import config_path
from posegan_plugin.datasets import IdentitySampler
from posegan_plugin.file_hash import file_hash
from posegan_plugin.for_mmengine.config import load_config, set_epochs, use_amp
from posegan_plugin.for_mmengine.load_people import load_people
from posegan_plugin.registry import MODELS
from quality.cost import width_for
from quality.recipes import LOSSES, Preset, Recipe

_CONFIGS = {"market": "pose_quartet_market_small.py", "procedural": "pose_quartet_demo_weights.py"}
DATA = tuple(_CONFIGS)
# How E and the judge train, whatever the data set's config says: rows of one table share the two, and
# configs change.
_SCHEDULE = "_base_/schedules/short.py"
_REID = {
    "model.reid.embedding_dim": 128,
    "model.reid.hidden_dim": 128,
    "model.reid_input.erase": 0.0,
    "model.objective.label_smoothing": 0.0,
    # Of no effect where E is frozen; it stands in the names of trainings, so finished ones are found.
    "model.augment.ratio": 0.25,
}
JUDGE = "resnet18"


def base_config(data: str, data_root: str, preset: Preset, seed: int) -> Config:
    """What all trainings share: the people at the preset's size, and no evaluation on the way.

    Args:
        data: One of :data:`DATA`.
        data_root: Folder of the data sets.
        preset: Says the size.
        seed: Of networks and of the order of the data.
    """
    config = load_config(config_path(_CONFIGS[data]), data_root=data_root)
    for key, value in Config.fromfile(config_path(_SCHEDULE)).items():
        config[key] = value
    config.merge_from_dict(dict(_REID))
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
    config.visualizer.vis_backends = [{"type": "LocalVisBackend"}]
    config.default_hooks.pose_transfer.num_pairs = 0
    return config


def encoder_config(config: Config, preset: Preset) -> Config:
    """E of the semantic-consistency loss; it sees real people only.

    Args:
        config: Of :func:`base_config`; changed in place.
        preset: Says how long.
    """
    config.model.mode = "baseline"
    config.merge_from_dict(copy.deepcopy(preset.reid))  # it writes into dicts
    set_epochs(config, preset.encoder_epochs)
    return config


def judge_config(config: Config, preset: Preset) -> Config:
    """A re-ID network of another architecture, likewise."""
    config = encoder_config(config, preset)
    config.model.backbone.name = JUDGE
    set_epochs(config, preset.judge_epochs)
    if preset.amp:
        use_amp(config)
    return config


def row_config(config: Config, preset: Preset, recipe: Recipe, encoder: Path) -> Config:
    """A generator that is trained against a frozen re-ID network.

    Args:
        config: Of :func:`base_config`; changed in place.
        preset: Says size, samples (rounded to whole passes over the data), batch, discriminators.
        recipe: What the row is.
        encoder: Checkpoint of the re-ID network.
    """
    config.merge_from_dict({k: v for k, v in preset.reid.items() if k.startswith("model.")})
    config.merge_from_dict({**LOSSES, **recipe.options})
    model, loader = config.model, config.train_dataloader  # a merge replaces them
    generator = {**recipe.generator, "image_size": preset.image_size}
    if "channels" not in generator:
        generator["channels"] = width_for(
            lambda width: MODELS.build({**generator, "channels": width}), preset.gmac
        )
    model.generator = generator
    model.reid_checkpoint = str(encoder)
    model.condition_on_camera = recipe.camera
    for name, part in (("appearance", "D_I"), ("pose", "D_P")):
        judge = {"type": f"{name.capitalize()}Discriminator"}
        judge |= preset.discriminator | recipe.judges
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


def trained_model(config: Config) -> dict:
    """Options of the model that its training depends on; benchmarks have tests of their own."""
    tested = ("test_poses", "test_mirror")
    return {key: value for key, value in config.model.to_dict().items() if key not in tested}


def digest(config: Config, encoder: Path) -> str:
    """Eight characters that change with anything that a training depends on, but its seed.

    Args:
        config: Of :func:`row_config`.
        encoder: Checkpoint of the re-ID network; its content counts, not its place.
    """
    parts = {key: config[key] for key in ("optim_wrapper", "param_scheduler", "train_cfg")}
    loader = config.train_dataloader
    people = {k: v for k, v in loader.dataset.items() if k != "data_root"}
    parts |= {"sampler": loader.sampler, "batch_size": loader.batch_size, "people": people}
    parts["model"] = {**trained_model(config), "reid_checkpoint": file_hash(encoder)}
    text = json.dumps(parts, sort_keys=True, default=dict)
    return hashlib.sha256(text.encode()).hexdigest()[:8]
