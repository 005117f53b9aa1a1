"""What is wrong with a YAML config beyond its keys and types."""

from __future__ import annotations

import torch

from posegan_plugin.errors import UserError
from posegan_plugin.evaluation import MAX_RANK, METRICS
from posegan_plugin.for_torchreid.models import GENERATOR
from posegan_plugin.for_torchreid.names import check_choice
from posegan_plugin.for_torchreid.resolver import torchreid_module
from posegan_plugin.for_torchreid.yaml_config import Section

TRANSFORMS = (
    *("random_flip", "random_crop", "random_patch", "color_jitter", "random_erase"),
    "pose_transfer",
)
"""Names for ``data.transforms``; torchreid itself ignores a name that it does not know."""
_ONE_GPU_ONLY = {
    "compile": "copies the model at every step, which compiled code does not stand",
    "amp": "lets its threads compute in float16 instead, in which gradients vanish",
}
"""Options of ``posegan`` that torchreid's ``nn.DataParallel`` breaks, and how."""

_AT_LEAST = {
    **dict.fromkeys(("data.height", "data.width", "data.k_tfm"), 1),
    **dict.fromkeys(("train.batch_size", "train.print_freq", "test.batch_size"), 1),
    **dict.fromkeys(("data.workers", "train.seed", "train.max_epoch"), 0),
    **dict.fromkeys(("loss.triplet.weight_t", "loss.triplet.weight_x"), 0),
}
_POSEGAN_AT_LEAST = {
    "max_pairs": 1,
    "num_cameras": 1,
    "num_partners": 0,
    "gan_lr": 0,
    "test_poses": 0,
}


def check_values(config: Section) -> None:
    """Refuse what torchreid would stumble over later, or ignore.

    Raises:
        UserError: An unknown name, or options that do not go together.
    """
    check_choice("data.type", config.data.type, ("image", "video"))
    if config.data.type == "video":
        raise UserError(
            "data.type: 'video' is not supported, poses are of single images; use data.type: image, "
            "or torchreid's own script for video"
        )
    samplers = torchreid_module("data.sampler").AVAI_SAMPLERS
    for key, known in {
        "model.name": sorted({*vars(torchreid_module("models"))["__model_factory"]} - {GENERATOR}),
        "loss.name": ("softmax", "triplet"),
        "train.optim": torchreid_module("optim.optimizer").AVAI_OPTIMS,
        "train.lr_scheduler": torchreid_module("optim.lr_scheduler").AVAI_SCH,
        "sampler.train_sampler": samplers,
        "sampler.train_sampler_t": samplers,
        "test.dist_metric": METRICS,
    }.items():
        check_choice(key, config.get_path(key), known)
    _check_bounds(config)
    test, train = config.test, config.train
    mode = config.posegan.mode if config.posegan else "baseline"
    if test.visactmap:
        raise UserError(
            "test.visactmap is gone from torchreid: use its tools/visualize_actmap.py, and "
            "test.visactmap: False here"
        )
    if test.visrank and not test.evaluate:
        raise UserError("test.visrank needs test.evaluate: True; pictures are of a test-only run")
    if not test.ranks or not all(1 <= r <= MAX_RANK for r in test.ranks):
        raise UserError(f"test.ranks={test.ranks} must be ranks from 1 to {MAX_RANK}")
    alone = config.loss.name == "triplet" and config.loss.triplet.weight_x == 0
    if alone and train.fixbase_epoch > 0 and mode in ("baseline", "online"):
        raise UserError(
            "train.fixbase_epoch trains the classifier alone, which loss.triplet.weight_x: 0 leaves "
            "out of the loss; set train.fixbase_epoch: 0 or a weight_x above 0"
        )
    _check_several_gpus(config)
    names = [name.lower() for name in config.data.transforms or ()]
    if "pose_transfer" in names and not mode.startswith("online"):
        raise UserError(
            f"data.transforms: pose_transfer does nothing in mode {mode}; choose posegan.mode online, "
            "or take it out"
        )
    table = sorted(vars(torchreid_module("data.datasets"))["__image_datasets"])
    for key, known in (
        ("data.sources", table),
        ("data.targets", table),
        ("data.transforms", TRANSFORMS),
    ):
        for name in config.get_path(key) or ():
            check_choice(key, name.lower() if known is TRANSFORMS else name, known)


def _check_several_gpus(config: Section) -> None:
    several = config.use_gpu and torch.cuda.device_count() > 1
    options = config.posegan
    if not several or config.test.evaluate or options is None or options.mode == "joint":
        return
    for key, fault in _ONE_GPU_ONLY.items():
        if options[key]:
            raise UserError(
                f"posegan.{key}: torchreid's nn.DataParallel {fault}; choose one GPU with "
                f"--gpu-devices 0, or posegan.{key}: False"
            )


def _check_bounds(config: Section) -> None:
    """Numbers that torchreid or torch would stop at without naming the key, or count backwards with."""
    options = config.posegan or {}
    values = {key: (config.get_path(key), low) for key, low in _AT_LEAST.items()}
    values |= {f"posegan.{k}": (options[k], low) for k, low in _POSEGAN_AT_LEAST.items() if options}
    for key, (value, low) in values.items():
        if value is not None and not value >= low:
            raise UserError(f"{key}={value} must be at least {low}")
    if config.data.k_tfm > 1:
        raise UserError("data.k_tfm: the engines here take one version of each image; set it to 1")
    if not all(epochs >= 1 for epochs in config.train.stepsize):
        raise UserError(f"train.stepsize={config.train.stepsize} must be epochs from 1 on")
    triplet = config.loss.triplet
    if config.loss.name == "triplet" and triplet.weight_t + triplet.weight_x == 0:
        raise UserError("loss.triplet: weight_t and weight_x are both 0, which leaves no loss")
    if not options:
        return
    betas = options.gan_betas
    if len(betas) != 2 or not all(0 <= beta < 1 for beta in betas):
        raise UserError(f"posegan.gan_betas={betas} must be two numbers from 0 to below 1")
    weights = options.objective.weights
    if options.mode in ("quartet", "online_quartet") and weights.quartet + weights.identity == 0:
        raise UserError(
            "posegan.objective.weights: quartet and identity are both 0, which leaves no loss"
        )
