"""From a config file and command-line options to a runner, with every check before hours are spent."""

from __future__ import annotations

import difflib
import functools
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import mmengine
from mmengine.config import Config, ConfigDict
from mmengine.runner import Runner

from posegan_plugin.datasets import IdentitySampler, PartnerSampler, QuartetSampler
from posegan_plugin.errors import UserError
from posegan_plugin.folders import is_file
from posegan_plugin.for_mmengine.class_of import class_of
from posegan_plugin.for_mmengine.load_people import load_people
from posegan_plugin.for_mmengine.resume import check_load_from
from posegan_plugin.for_mmengine.schedules import stretched
from posegan_plugin.models.pose_maps import check_cameras
from posegan_plugin.registry import DATA_SAMPLERS

AMP = {"bfloat16": "Bf16OptimWrapper", "float16": "Fp16OptimWrapper"}
"""Optimiser wrappers of mixed precision by its type."""
_MAX_CAMERAS = 1000
_DATALOADERS = ("train_dataloader", "val_dataloader", "test_dataloader")


def load_config(path: str, options: dict | None = None, data_root: str | None = None) -> Config:
    """Read a config and apply command-line overrides.

    Args:
        path: Config file.
        options: Dotted key -> value, as mmengine's ``--cfg-options``.
        data_root: Short form of the top-level key ``data_root``.

    Returns:
        The config; ``data_root`` reaches every data set that names none of its own.

    Raises:
        UserError: The file is missing or not a config.
    """
    if not is_file(path):
        raise UserError(f"config {path} does not exist: check the path")
    try:
        config = Config.fromfile(path)
    except Exception as error:  # a config is code; it can raise anything
        reason = " ".join(str(error).split())
        raise UserError(
            f"config {path} cannot be read: {type(error).__name__}: {reason}"
        ) from error
    _check_options(config, options or {})
    try:
        config.merge_from_dict(options or {})
    except (TypeError, KeyError) as error:  # a dict for what is none, or the reverse
        raise UserError(f"--cfg-options: {error.args[0]}") from error
    if data_root is not None:
        config.data_root = data_root
    root = config.get("data_root", "data")
    for name in _DATALOADERS:
        if config.get(name) is not None:
            config[name].dataset.setdefault("data_root", root)
    if config.get("work_dir") is None:
        config.work_dir = str(Path("work_dirs") / Path(path).stem)
    return config


def _check_options(config: Config, options: dict) -> None:
    """Mmengine takes any key and ignores those that nobody reads."""
    known = set(config) | set(inspect.signature(Runner.__init__).parameters)
    for key in options:
        first = key.split(".")[0]
        if first not in known:
            close = difflib.get_close_matches(first, known, n=1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            raise UserError(f"--cfg-options {key}: the config has no key {first!r}{hint}")


def set_epochs(config: Config, epochs: int) -> None:
    """Change the length of the training; schedules keep their shape.

    Args:
        config: Changed in place. An evaluation interval stays as it is, or becomes the new length
            where that is shorter.
        epochs: New number of epochs, at least 1.

    Raises:
        UserError: ``epochs`` is below 1.
    """
    if epochs < 1:
        raise UserError(f"--epochs {epochs} must be at least 1")
    if config.get("param_scheduler") is not None:
        old = config.train_cfg.max_epochs
        config.param_scheduler = stretched(config.param_scheduler, old, epochs)
    config.train_cfg.max_epochs = epochs
    config.train_cfg.val_interval = min(config.train_cfg.get("val_interval", 1), epochs)


def use_amp(config: Config, dtype: str = "bfloat16") -> None:
    """Switch every optimiser wrapper to mixed precision.

    Args:
        config: Changed in place.
        dtype: One of :data:`AMP`.
    """
    for name, wrapper in config.optim_wrapper.items():
        if isinstance(wrapper, dict):
            config.optim_wrapper[name].type = AMP[dtype]


def prepare_for_dataset(config: Config) -> None:
    """Fill in what follows from the data set, and check what must fit together.

    Sets ``model.num_identities`` and ``model.num_cameras`` where they are ``None``, and whether the
    data sets need key points.

    Raises:
        UserError: The data is not there, has too large camera numbers, or more cameras than the
            generator knows, or sampler and batch size do not fit.
    """
    model, loader = config.model, config.train_dataloader
    for name in _DATALOADERS:
        if config.get(name) is not None:
            config[name].dataset.setdefault("require_keypoints", model.mode != "baseline")
    dataset = loader.dataset
    splits = load_people(dataset.source, dataset.data_root, dataset.get("on_error", "error"))
    if model.get("num_identities") is None:
        model.num_identities = splits.num_identities
    if model.get("num_cameras") is None:
        model.num_cameras = splits.num_cameras
    if model.get("condition_on_camera") and model.num_cameras > _MAX_CAMERAS:
        raise UserError(
            f"model.condition_on_camera: the generator has an input for each of {model.num_cameras} "
            "cameras, as the data set numbers them; number them from 1, or set it to False"
        )
    if model.get("condition_on_camera") and model.mode != "baseline":
        check_cameras(
            model.num_cameras,
            splits.num_cameras,
            "the data set has",
            "take a generator that was trained on this data set, or one without target camera; in a "
            "training of mode 'joint' leave model.num_cameras None",
        )
    _check_sampler(loader)


def _check_sampler(loader: ConfigDict) -> None:
    sampler, size = loader.get("sampler") or {}, loader.batch_size
    kind = class_of(DATA_SAMPLERS, sampler)
    if kind is IdentitySampler:
        p, k = sampler.get("num_identities"), sampler.get("num_images")
        if not (isinstance(p, int) and isinstance(k, int)):
            raise UserError(
                f"train_dataloader.sampler num_identities={p!r} and num_images={k!r} must be whole "
                "numbers"
            )
        if p * k != size:
            raise UserError(
                f"train_dataloader batch_size={size} cannot hold the sampler's {p} identities x {k} "
                f"images = {p * k}; set batch_size={p * k} or change num_identities or num_images"
            )
    if kind is PartnerSampler:
        parts = sampler.get("num_images"), sampler.get("num_partners")
        if all(isinstance(n, int) for n in parts) and sum(parts) != size:
            raise UserError(
                f"train_dataloader batch_size={size} must be the sampler's num_images={parts[0]} and "
                f"num_partners={parts[1]} together, {sum(parts)}"
            )
    if kind is QuartetSampler:
        quartets = sampler.get("num_quartets")
        if isinstance(quartets, int) and 4 * quartets != size:
            raise UserError(
                f"train_dataloader batch_size={size} must be four times the sampler's "
                f"num_quartets={quartets}"
            )


def _check_loaders(config: Config) -> None:
    """What torch would say in its own words, of the validation only after hours."""
    for name in _DATALOADERS:
        loader = config.get(name) or {}
        if loader.get("num_workers", 0) > 0:
            if loader.dataset.get("cache") == "device":
                raise UserError(
                    f"{name}.dataset.cache='device' keeps images where worker processes cannot read "
                    f"them: set {name}.num_workers=0, or cache='memory'"
                )
        elif loader.get("persistent_workers"):
            raise UserError(
                f"{name}.persistent_workers=True needs num_workers of at least 1: set it to False"
            )


@contextmanager
def _wrong_keys_named() -> Iterator[None]:
    try:
        yield
    except (TypeError, KeyError) as error:
        # mmengine names the class and the key at fault; str() of a KeyError would add quotes.
        raise UserError(f"config: {error.args[0] if error.args else error}") from error


def _checked(build: Callable) -> Callable:
    @functools.wraps(build)
    def checked(*args: object) -> object:
        with _wrong_keys_named():
            return build(*args)

    return checked


class _CheckedRunner(Runner):
    """Parts of the config that mmengine builds only when a run starts are refused like the others."""

    build_train_loop = _checked(Runner.build_train_loop)
    build_val_loop = _checked(Runner.build_val_loop)
    build_test_loop = _checked(Runner.build_test_loop)
    build_optim_wrapper = _checked(Runner.build_optim_wrapper)
    build_param_scheduler = _checked(Runner.build_param_scheduler)


def build_runner(config: Config) -> Runner:
    """A runner, or one clear sentence.

    Raises:
        UserError: A key that a part of the config does not know, or anything that part refuses; or
            ``load_from`` is no checkpoint.
    """
    _check_loaders(config)
    check_load_from(config)
    mmengine.mkdir_or_exist(config.work_dir)
    with _wrong_keys_named():
        return _CheckedRunner.from_cfg(config)
