"""The networks of a config's ``posegan`` section."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import torch
from torch import nn

from posegan_plugin.checkpoint import load_from, load_network, read_checkpoint
from posegan_plugin.errors import UserError
from posegan_plugin.folders import is_file
from posegan_plugin.for_torchreid.checkpoint_files import find_checkpoints
from posegan_plugin.for_torchreid.resolver import torchreid_module
from posegan_plugin.for_torchreid.weights import load_weights
from posegan_plugin.for_torchreid.yaml_config import CONFIG_FILE, Section, load_config
from posegan_plugin.for_torchreid.yaml_keys import POSEGAN
from posegan_plugin.models import PoseTransferGenerator
from posegan_plugin.published import architecture_of
from posegan_plugin.training import compile_networks


def build_generator(config: Section, datamanager: object) -> nn.Module:
    """The generator, with the weights of ``posegan.checkpoint`` where there are any.

    Raises:
        UserError: A wrong option, or a checkpoint that does not fit.
    """
    options = config.posegan
    if options.condition_on_camera and options.num_cameras is None:
        people = datamanager.train_loader.dataset.data
        options["num_cameras"] = 1 + max(int(p[2]) for p in people)
    generator = _empty_generator(config)
    path = Path(options.checkpoint)
    if (path / "generator").is_dir():
        path = find_checkpoints(path, ["generator"])["generator"]
    if options.checkpoint:
        checkpoint = read_checkpoint(path)
        if options.mode != "joint" or config.test.evaluate:  # a training may well change it
            _check_image_size(generator, _trained_image_size(checkpoint, path), path)
        load_from(checkpoint, generator, "generator", path)
    return generator


def trained_generator(save_dir: str | Path) -> nn.Module:
    """The newest generator of a run of ``tools/train_torchreid.py`` in mode ``joint``.

    Args:
        save_dir: The run's ``data.save_dir``, which holds its ``config.yaml`` and checkpoints.

    Raises:
        UserError: There is no such run.
    """
    config = load_config(str(Path(save_dir) / CONFIG_FILE))
    if config.posegan is None:
        raise UserError(f"{save_dir} is not of a run in posegan.mode joint: it has no generator")
    generator = _empty_generator(config)
    load_network(generator, find_checkpoints(save_dir, ["generator"])["generator"], "generator")
    return generator


def _trained_image_size(checkpoint: dict, path: Path) -> Sequence[int] | None:
    """What a generator's checkpoint, or the config of its run, says; ``None`` where neither does."""
    described = (architecture_of(checkpoint) or {}).get("generator")
    if described:  # of tools/train.py, which leaves out what is the default
        return described.get("image_size", POSEGAN["generator"]["image_size"])
    file = path.parents[1] / CONFIG_FILE if path.parent.name == "generator" else None
    options = load_config(str(file)).posegan if file and is_file(file) else None
    return options and options.generator.image_size


def _check_image_size(generator: nn.Module, trained: Sequence[int] | None, path: Path) -> None:
    """Refuse another size than the one trained at: weights of all sizes have the same shapes."""
    size = list(generator.image_size)
    if trained is not None and list(trained) != size:
        raise UserError(
            f"posegan.checkpoint {path} was trained at {list(trained)}, which "
            f"posegan.generator.image_size {size} is not: set it to that"
        )


def _empty_generator(config: Section) -> PoseTransferGenerator:
    options = config.posegan
    cameras = options.num_cameras if options.condition_on_camera else 0
    return PoseTransferGenerator(**options.generator, num_cameras=cameras)


def speed_up(config: Section, networks: Iterable[nn.Module]) -> None:
    """What ``posegan.channels_last`` and ``posegan.compile`` ask for, in place.

    Raises:
        UserError: torch cannot compile on this machine.
    """
    networks = list(networks)
    if config.posegan.channels_last:
        for network in networks:
            network.to(memory_format=torch.channels_last)
    if config.posegan.compile:
        compile_networks(networks, "cuda" if config.use_gpu else "cpu")


def speed_up_model(config: Section, model: nn.Module) -> None:
    """The same of torchreid's model, which has its say.

    Some (PCB) cannot work in that layout of memory and keep the usual one. In a joint training it is
    not compiled: compiled code takes no notice of the hooks with which the perceptual loss looks at
    layers, and the model runs in two states.
    """
    if config.posegan.channels_last:
        model.to(memory_format=torch.channels_last)
        if not _runs(model, (config.data.height, config.data.width)):
            model.to(memory_format=torch.contiguous_format)
            print(f"posegan.channels_last: not of {config.model.name}, which cannot work so")
    if config.posegan.compile and config.posegan.mode != "joint":
        compile_networks([model], "cuda" if config.use_gpu else "cpu")


@torch.no_grad()
def _runs(model: nn.Module, size: tuple[int, int]) -> bool:
    training = model.training
    try:
        model.eval()(torch.zeros(2, 3, *size))
    except RuntimeError:
        return False
    finally:
        model.train(training)
    return True


def keypoint_files(config: Section) -> list[Path]:
    """The key point files, below ``data.root`` where their paths are relative.

    Raises:
        UserError: None is named.
    """
    files = [Path(name) for name in config.posegan.keypoints if name]
    if not files:
        raise UserError(
            f"posegan.mode {config.posegan.mode!r} needs posegan.keypoints, csv files below data.root"
        )
    return [Path(config.data.root).expanduser() / f for f in files]


def build_teacher(config: Section, datamanager: object) -> nn.Module | None:
    """The model of ``posegan.teacher_checkpoint``, frozen.

    Raises:
        UserError: The checkpoint is of another model, or of other people.
    """
    path = config.posegan.teacher_checkpoint
    if not path:
        return None
    teacher = torchreid_module("models").build_model(
        config.model.name, datamanager.num_train_pids, pretrained=False, use_gpu=config.use_gpu
    )
    load_weights(teacher, path, "posegan.teacher_checkpoint", same_people=True)
    return teacher.to("cuda" if config.use_gpu else "cpu").requires_grad_(False)
