"""Read networks from checkpoints: data only, and nothing is dropped silently."""

from __future__ import annotations

import pickle
import re
from collections.abc import Mapping
from pathlib import Path
from types import NoneType

import torch
from torch import Tensor, nn

from posegan_plugin.errors import UserError
from posegan_plugin.folders import is_file, is_folder
from posegan_plugin.published import SUFFIX, read_weights


def newest_checkpoint(work_dir: str | Path) -> Path | None:
    """The checkpoint that a training run last wrote into its work dir; ``None`` without one."""
    pointer = Path(work_dir) / "last_checkpoint"
    if not is_file(pointer):
        return None
    written = Path(pointer.read_text().strip())
    # The work dir may have been moved since.
    return written if is_file(written) else pointer.with_name(written.name)


def read_checkpoint(path: str | Path) -> dict:
    """Load a checkpoint with ``weights_only=True``, on the CPU.

    Args:
        path: A checkpoint, a published weight file, or a work dir for the newest checkpoint in it.

    Raises:
        UserError: The file is missing, is no checkpoint, or holds code instead of data.
    """
    if is_folder(path):
        path = newest_checkpoint(path) or Path(path) / "last_checkpoint"
    if not is_file(path):
        raise UserError(f"checkpoint {path} does not exist: check the path")
    if Path(path).suffix == SUFFIX:
        return _with_parts(read_weights(path), path)
    try:
        checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged pickle makes torch raise nearly anything
        # Of torch's own message only the name is passed on: its advice is to load the code.
        code = re.search(r"GLOBAL (\S+)", str(error))
        if isinstance(error, pickle.UnpicklingError) and code:
            raise UserError(
                f"checkpoint {path} holds code ({code[1]}) beside tensors and plain values and is "
                "not loaded: use one that holds state dicts only"
            ) from error
        raise UserError(
            f"checkpoint {path} cannot be read ({type(error).__name__}): it is cut off or no "
            "checkpoint; use another"
        ) from error
    if not isinstance(checkpoint, Mapping):
        raise UserError(f"checkpoint {path} holds a {type(checkpoint).__name__}, not a state dict")
    return _with_parts(dict(checkpoint), path)


def _with_parts(checkpoint: dict, path: str | Path) -> dict:
    """The checkpoint, if what all readers rely on is of the right kind.

    Raises:
        UserError: It is not.
    """
    state, meta = checkpoint.get("state_dict", {}), checkpoint.get("meta", {})
    if not isinstance(state, Mapping) or not all(
        isinstance(name, str) and isinstance(tensor, Tensor) for name, tensor in state.items()
    ):
        raise UserError(f"checkpoint {path}: its state_dict is not tensors by name; use another")
    if not isinstance(meta, Mapping | NoneType):
        raise UserError(f"checkpoint {path}: its meta is a {type(meta).__name__}; use another")
    return checkpoint


def check_state(network: nn.Module, state: Mapping[str, Tensor], where: str) -> None:
    """Compare a state dict with a network before it is loaded.

    Entries of networks (first part of the name) that ``network`` does not have are no fault: an
    evaluation needs no discriminator.

    Args:
        network: The network that is about to load it.
        state: Name -> tensor.
        where: What the state is, for the message.

    Raises:
        UserError: Something is missing, too much, or of another shape.
    """
    expected = network.state_dict()
    parts = {name.split(".")[0] for name in expected}
    missing = [k for k in expected if k not in state]
    surplus = [k for k in state if k not in expected and k.split(".")[0] in parts]
    shapes = [
        f"{k} is {tuple(state[k].shape)} instead of {tuple(expected[k].shape)}"
        for k in expected
        if k in state and state[k].shape != expected[k].shape
    ]
    faults = [
        f"{len(items)} {kind} ({', '.join(items[:3])}{', ...' if len(items) > 3 else ''})"
        for kind, items in (
            ("entries missing", missing),
            ("entries too many", surplus),
            ("shapes differ", shapes),
        )
        if items
    ]
    if faults:
        raise UserError(
            f"{where} belongs to another architecture: {'; '.join(faults)}; use the config it was "
            "trained with"
        )


def load_network(network: nn.Module, path: str | Path, name: str) -> None:
    """Load one network out of a checkpoint of several.

    Args:
        network: The network.
        path: Checkpoint, as training writes it (``state_dict`` with names ``NAME.layer...``) or a
            bare state dict of the network.
        name: The network's name in the checkpoint, for example ``generator``.

    Raises:
        UserError: The file cannot be read, or does not hold this network.
    """
    checkpoint = read_checkpoint(path)
    state = checkpoint.get("state_dict", checkpoint)
    state = {k: v for k, v in state.items() if isinstance(k, str) and isinstance(v, Tensor)}
    prefix = f"{name}."
    own = {k[len(prefix) :]: v for k, v in state.items() if k.startswith(prefix)}
    own = own or state
    check_state(network, own, f"the {name} in checkpoint {path}")
    network.load_state_dict(own)
