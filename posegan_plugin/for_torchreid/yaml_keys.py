"""Every key that a YAML file of ``tools/train_torchreid.py`` can have, with its default."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import get_args, get_type_hints

from posegan_plugin.augment import SynthesisPolicy
from posegan_plugin.losses import ObjectiveWeights, QuartetLoss
from posegan_plugin.models import (
    AppearanceDiscriminator,
    PoseDiscriminator,
    PoseTransferGenerator,
)
from posegan_plugin.training import build_objectives

MODES = ("baseline", "quartet", "online", "online_quartet", "joint")
"""``posegan.mode``; ``baseline`` is the file as it would run without the section."""


@dataclass(frozen=True)
class Maybe:
    """The default of a key that is ``null`` unless it is set.

    Attributes:
        kind: What it takes otherwise.
    """

    kind: type


def options_of(thing: Callable, leave_out: tuple[str, ...] = ()) -> dict[str, object]:
    """The parameters of a class or function that have a default, as keys with these defaults."""
    hints = get_type_hints(thing.__init__ if inspect.isclass(thing) else thing)
    keys = {}
    for name, parameter in inspect.signature(thing).parameters.items():
        if name in leave_out or parameter.default is inspect.Parameter.empty:
            continue
        default = parameter.default
        if default is None:
            default = Maybe(next(t for t in get_args(hints[name]) if t is not type(None)))
        keys[name] = list(default) if isinstance(default, tuple) else default
    return keys


TOOLBOX = {
    "use_gpu": Maybe(bool),  # null: where there is one, as in torchreid's own script
    "model": {"name": "resnet50", "pretrained": True, "load_weights": "", "resume": ""},
    "data": {
        "type": "image",
        "root": "reid-data",
        "sources": ["market1501"],
        "targets": ["market1501"],
        "workers": 4,
        "split_id": 0,
        "height": 256,
        "width": 128,
        "combineall": False,
        "transforms": ["random_flip"],
        "k_tfm": 1,
        "norm_mean": [0.485, 0.456, 0.406],
        "norm_std": [0.229, 0.224, 0.225],
        "save_dir": "log",
        "load_train_targets": False,
    },
    "market1501": {"use_500k_distractors": False},
    "cuhk03": {"labeled_images": False, "classic_split": False, "use_metric_cuhk03": False},
    "sampler": {
        "train_sampler": "RandomSampler",
        "train_sampler_t": "RandomSampler",
        "num_instances": 4,
        "num_cams": 1,
        "num_datasets": 1,
    },
    "video": {"seq_len": 15, "sample_method": "evenly", "pooling_method": "avg"},
    "train": {
        "optim": "adam",
        "lr": 0.0003,
        "weight_decay": 5e-4,
        "max_epoch": 60,
        "start_epoch": 0,
        "batch_size": 32,
        "fixbase_epoch": 0,
        "open_layers": ["classifier"],
        "staged_lr": False,
        "new_layers": ["classifier"],
        "base_lr_mult": 0.1,
        "lr_scheduler": "single_step",
        "stepsize": [20],
        "gamma": 0.1,
        "print_freq": 20,
        "seed": 1,
    },
    "sgd": {"momentum": 0.9, "dampening": 0.0, "nesterov": False},
    "rmsprop": {"alpha": 0.99},
    "adam": {"beta1": 0.9, "beta2": 0.999},
    "loss": {
        "name": "softmax",
        "softmax": {"label_smooth": True},
        "triplet": {"margin": 0.3, "weight_t": 1.0, "weight_x": 0.0},
    },
    "test": {
        "batch_size": 100,
        "dist_metric": "euclidean",
        "normalize_feature": False,
        "ranks": [1, 5, 10, 20],
        "evaluate": False,
        "eval_freq": -1,
        "start_eval": 0,
        "rerank": False,
        "visrank": False,
        "visrank_topk": 10,
        "visactmap": False,  # in older files; torchreid itself dropped it
    },
}
"""torchreid's own keys, with the defaults of its ``scripts/default_config.py``."""

POSEGAN = {
    "mode": "",
    "keypoints": [""],  # PATN csv files, relative to data.root
    "checkpoint": "",  # a trained generator, for the online modes
    "teacher_checkpoint": "",  # a re-ID network, for augment.label: teacher
    "condition_on_camera": False,
    "num_cameras": Maybe(int),  # that the generator knows then; null: as many as the data has
    "generator": options_of(PoseTransferGenerator, leave_out=("num_cameras",)),
    "discriminators": ["appearance", "pose"],
    "appearance_discriminator": options_of(AppearanceDiscriminator),
    "pose_discriminator": options_of(PoseDiscriminator),
    "augment": options_of(SynthesisPolicy),
    "objective": {
        **options_of(build_objectives, leave_out=("label_smoothing",)),  # loss.softmax has it
        "weights": options_of(ObjectiveWeights),
        "quartet": options_of(QuartetLoss),
    },
    "reid_to_generator": True,
    "test_poses": 0,  # standard poses that people of a test are described in besides
    "test_mirror": False,  # and by mirror images
    "max_pairs": Maybe(int),
    "num_partners": Maybe(
        int
    ),  # second images in a batch of random ones; null: sampler.train_sampler
    "gan_lr": 2e-4,  # of generator and discriminators; the schedule is train.lr_scheduler's
    "gan_betas": [0.5, 0.999],
    "amp": False,
    "channels_last": True,
    "compile": False,
}
"""The plugin's own section."""

NULLABLE = (
    "data.targets",
    "data.transforms",
    "data.norm_mean",
    "data.norm_std",
    "train.open_layers",
)
"""Lists that torchreid also takes as ``None``."""
