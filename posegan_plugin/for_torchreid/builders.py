"""torchreid's data manager, model and optimiser from a YAML config, as its own script builds them."""

from __future__ import annotations

import torch
from torch import nn

from posegan_plugin.errors import UserError
from posegan_plugin.for_torchreid.partners import use_partners
from posegan_plugin.for_torchreid.resolver import torchreid_module
from posegan_plugin.for_torchreid.weights import load_weights
from posegan_plugin.for_torchreid.yaml_config import Section
from posegan_plugin.image_files import find_damaged
from posegan_plugin.training import spare_from_decay

_DATA = {
    **{
        key: f"data.{key}"
        for key in (
            *("root", "sources", "targets", "height", "width", "transforms", "k_tfm"),
            *("norm_mean", "norm_std", "split_id", "combineall", "load_train_targets", "workers"),
        )
    },
    **{
        key: f"sampler.{key}"
        for key in ("train_sampler", "train_sampler_t", "num_instances", "num_cams", "num_datasets")
    },
    "batch_size_train": "train.batch_size",
    "batch_size_test": "test.batch_size",
    "market1501_500k": "market1501.use_500k_distractors",
    "cuhk03_labeled": "cuhk03.labeled_images",
    "cuhk03_classic_split": "cuhk03.classic_split",
    "use_gpu": "use_gpu",
}
_OPTIMIZER = {
    **{
        key: f"train.{key}"
        for key in ("optim", "lr", "weight_decay", "staged_lr", "new_layers", "base_lr_mult")
    },
    "momentum": "sgd.momentum",
    "sgd_dampening": "sgd.dampening",
    "sgd_nesterov": "sgd.nesterov",
    "rmsprop_alpha": "rmsprop.alpha",
    "adam_beta1": "adam.beta1",
    "adam_beta2": "adam.beta2",
}
_SCHEDULER = {key: f"train.{key}" for key in ("lr_scheduler", "stepsize", "gamma", "max_epoch")}
_RUN = {
    **{
        key: f"train.{key}"
        for key in ("max_epoch", "start_epoch", "fixbase_epoch", "open_layers", "print_freq")
    },
    **{
        key: f"test.{key}"
        for key in (
            *("start_eval", "eval_freq", "dist_metric", "normalize_feature", "visrank"),
            *("visrank_topk", "ranks", "rerank"),
        )
    },
    "save_dir": "data.save_dir",
    "test_only": "test.evaluate",
    "use_metric_cuhk03": "cuhk03.use_metric_cuhk03",
}


def _pick(config: Section, names: dict[str, str]) -> dict[str, object]:
    return {name: config.get_path(key) for name, key in names.items()}


def run_options(config: Section) -> dict[str, object]:
    """What ``Engine.run`` is called with."""
    return _pick(config, _RUN)


def build_datamanager(config: Section) -> object:
    """Torchreid's ``ImageDataManager``.

    Raises:
        UserError: The data is not complete, an image cannot be decoded, or sampler and batch size do
            not fit it.
    """
    manager = torchreid_module("data").ImageDataManager
    try:
        built = manager(**_pick(config, _DATA))
    except (RuntimeError, ValueError, AssertionError, FileNotFoundError, KeyError) as error:
        reason = " ".join(str(error).split()) or (  # torchreid's samplers assert without a word
            f"train.batch_size={config.train.batch_size} does not fit {config.sampler.train_sampler} "
            "(num_instances, num_cams, num_datasets) and the people there are; lower it"
        )
        raise UserError(f"data: {reason}") from error
    except IndexError as error:  # torchreid looks at the first item of an empty list
        raise UserError(
            f"data: a list of {', '.join(config.data.sources)} under data.root {config.data.root} "
            "is empty; unpack the images there"
        ) from error
    if not len(built.train_loader) and not config.test.evaluate:
        raise UserError(
            f"train.batch_size={config.train.batch_size} is more than the "
            f"{len(built.train_loader.dataset)} training images can fill; lower it"
        )
    _refuse_damaged(built, config.test.evaluate)
    options = config.posegan
    if options and not config.test.evaluate:
        _use_partners(built, options.num_partners)
    return built


def _use_partners(manager: object, count: int | None) -> None:
    if count is None:
        return
    try:
        use_partners(manager, count)
    except UserError as error:
        raise UserError(
            f"posegan.num_partners={count}, which are a part of train.batch_size: {error}"
        ) from error


def _refuse_damaged(manager: object, test_only: bool) -> None:
    """Decode every image once: torchreid tries a damaged one again and again, for ever."""
    loaders = [loader for lists in manager.test_loader.values() for loader in lists.values()]
    if not test_only:
        loaders += [x for x in (manager.train_loader, manager.train_loader_t) if x is not None]
    damaged = find_damaged(str(item[0]) for loader in loaders for item in loader.dataset.data)
    if damaged:
        count = f" ({len(damaged)} such images)" if len(damaged) > 1 else ""
        raise UserError(f"{next(iter(damaged.values()))}{count}")


def build_model(config: Section, num_classes: int, loss: str) -> nn.Module:
    """The model by its name, with its weights.

    Args:
        config: The config.
        num_classes: Training identities.
        loss: ``softmax`` or ``triplet``, which decides what a torchreid model returns in training.

    Raises:
        UserError: ImageNet weights were asked for and could not be downloaded, the file
            ``model.load_weights`` is of another model, or ``train.open_layers`` are not of this one.
    """
    print(f"Building model: {config.model.name}")
    try:
        model = torchreid_module("models").build_model(
            name=config.model.name,
            num_classes=num_classes,
            loss=loss,
            pretrained=config.model.pretrained,
            use_gpu=config.use_gpu,
        )
    except (OSError, ImportError, RuntimeError) as error:
        raise UserError(
            f"model {config.model.name!r} cannot be built: {error}; without a network set "
            "model.pretrained: False"
        ) from error
    size = (1, 3, config.data.height, config.data.width)
    # As torchreid's script does; it also draws random numbers, on which identical runs depend.
    params, flops = torchreid_module("utils").compute_model_complexity(model, size)
    print(f"Model complexity: params={params:,} flops={flops:,}")
    if config.model.load_weights:
        load_weights(model, config.model.load_weights)
    _check_open_layers(config, model)
    return model


def _check_open_layers(config: Section, model: nn.Module) -> None:
    if config.train.fixbase_epoch <= 0:
        return
    known = [name for name, _ in model.named_children()]
    for name in config.train.open_layers or ():
        if name not in known:
            raise UserError(
                f"train.open_layers: {config.model.name} has no layer {name!r}; it has "
                f"{', '.join(known)}"
            )


def build_optimizer(config: Section, model: nn.Module) -> tuple[object, object]:
    """Torchreid's optimiser and learning rate scheduler.

    Raises:
        UserError: Options that torchreid refuses.
    """
    try:
        optimizer = torchreid_module("optim").build_optimizer(model, **_pick(config, _OPTIMIZER))
        spare_from_decay(optimizer, model)
        return optimizer, build_scheduler(config, optimizer)
    except (ValueError, TypeError) as error:
        raise UserError(f"train: {error}") from error


def build_scheduler(config: Section, optimizer: torch.optim.Optimizer) -> object:
    """Torchreid's learning rate scheduler."""
    return torchreid_module("optim").build_lr_scheduler(optimizer, **_pick(config, _SCHEDULER))
