"""A trained generator, and the re-ID network of its run, from whatever the user has of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from posegan_plugin.augment import ReIDInput
from posegan_plugin.checkpoint import checkpoint_file, load_from, read_checkpoint
from posegan_plugin.errors import UserError
from posegan_plugin.file_hash import file_hash
from posegan_plugin.folders import is_folder
from posegan_plugin.for_mmengine.config import load_config
from posegan_plugin.for_mmengine.networks import (
    architecture_of_model,
    build_networks,
    without_download,
)
from posegan_plugin.for_torchreid.checkpoint_files import find_checkpoints
from posegan_plugin.paths import weights_path
from posegan_plugin.published import architecture_of, no_generator

MODEL_CONFIG = "the run's config, for checkpoints of version 0.1 and for networks that it registers"
"""What the option ``--model-config`` of the tools is for."""


@dataclass
class Pretrained:
    """Networks of one run, in evaluation mode.

    Attributes:
        path: The file they came from.
        sha256: Its hash.
        architecture: How they are built.
        generator: The generator, or ``None``.
        reid: The re-ID network, or ``None``.
    """

    path: Path
    sha256: str
    architecture: dict
    generator: nn.Module | None
    reid: nn.Module | None

    def need_generator(self) -> nn.Module:
        """The generator.

        Raises:
            UserError: The run had none.
        """
        if self.generator is None:
            raise no_generator(self.path)
        return self.generator

    def need_reid(self) -> nn.Module:
        """The re-ID network.

        Raises:
            UserError: The run had none.
        """
        if self.reid is None:
            raise UserError(f"checkpoint {self.path} holds no re-ID network")
        return self.reid

    @torch.no_grad()
    def describe(self, images: Tensor) -> Tensor:
        """Retrieval descriptors (B, D) of images (B, 3, H, W) in [-1, 1].

        Raises:
            UserError: The run had no re-ID network.
        """
        network = self.need_reid()
        prepare = ReIDInput(size=tuple(self.architecture["reid"]["image_size"]))
        return network.describe(prepare(images, augment=False)).float()


def pretrained_file(source: str | Path) -> Path:
    """The file that ``demo``, a checkpoint or a work dir stands for; it need not be there.

    Of a joint run of ``tools/train_torchreid.py`` it is the newest that holds the generator.
    """
    if str(source) == "demo":
        return weights_path("demo")
    if is_folder(Path(source) / "generator"):
        return find_checkpoints(source, ["generator"])["generator"]
    return checkpoint_file(source)


def load_pretrained(
    source: str | Path, config: str | None = None, device: torch.device | str = "cpu"
) -> Pretrained:
    """Load networks for use, not for training.

    Args:
        source: ``demo`` for the weights that come with the package; a published weight file, a
            checkpoint of ``tools/train.py``, or its work dir for the newest.
        config: The config it was trained with; needed only for checkpoints that do not say how
            their networks are built (of version 0.1), or whose networks the config's
            ``custom_imports`` register.
        device: Where the networks go.

    Raises:
        UserError: The file cannot be read, or does not say how to build its networks.
    """
    path = pretrained_file(source)
    checkpoint = read_checkpoint(path)
    # Read in any case: its imports may register what is built.
    model = None if config is None else load_config(config).get("model", {})
    architecture = architecture_of(checkpoint)
    if architecture is None:
        if model is None:
            raise UserError(
                f"checkpoint {path} does not say how its networks are built: name the config it was "
                "trained with (--model-config)"
            )
        architecture = _architecture_from(model, checkpoint, config)
    try:
        networks = build_networks(without_download(architecture))
    except TypeError as error:  # an option that this version has no longer, or not yet
        raise UserError(
            f"checkpoint {path} describes networks that this version cannot build ({error}): use "
            "the version of this package that wrote it, or train anew"
        ) from error
    except KeyError as error:
        raise UserError(
            f"checkpoint {path} describes a network of a type that is not registered "
            f"({error.args[0]}): name the config it was trained with (--model-config)"
        ) from error
    for name, network in networks.items():
        load_from(checkpoint, network, name, path)
        network.to(device, memory_format=torch.channels_last).eval().requires_grad_(False)
    return Pretrained(
        path, file_hash(path), architecture, networks.get("generator"), networks.get("reid")
    )


def _architecture_from(model: dict, checkpoint: dict, config: str) -> dict:
    if "mode" not in model:
        raise UserError(f"config {config} is not one of tools/train.py: its model has no mode")
    known = (checkpoint.get("meta") or {}).get("dataset_meta") or {}
    for key in ("num_identities", "num_cameras"):
        if model.get(key) is None:
            model[key] = known.get(key)
    return architecture_of_model(model)
