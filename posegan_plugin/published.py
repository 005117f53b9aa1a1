"""Weight files to hand on: tensors and a little JSON, nothing that could run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from posegan_plugin.errors import UserError
from posegan_plugin.pose.files import write_atomic

SUFFIX = ".safetensors"
_KEY = "posegan_plugin"


def write_weights(
    path: str | Path,
    state: Mapping[str, Tensor],
    architecture: dict,
    about: Mapping[str, str] | None = None,
    half: bool = False,
) -> None:
    """Write networks as a weight file, whole or not at all.

    Args:
        path: Where it goes; ends in ``.safetensors``.
        state: Tensors by name, as ``generator.layer...``.
        architecture: How to build the networks, plain values, see
            :func:`posegan_plugin.for_mmengine.networks.build_networks`.
        about: What else a reader should know, for example the command that trained them.
        half: Store floating-point tensors in half precision, which halves the file.

    Raises:
        UserError: Another suffix, or the file cannot be written.
    """
    if Path(path).suffix != SUFFIX:
        raise UserError(f"weight file {path}: the name must end in {SUFFIX}")
    tensors = {
        name: (tensor.half() if half and tensor.is_floating_point() else tensor).contiguous()
        for name, tensor in state.items()
    }
    # One entry: the library writes several in an order that changes from run to run.
    about = {"architecture": json.dumps(architecture), **(about or {})}
    write_atomic(path, save(tensors, {_KEY: json.dumps(about, sort_keys=True)}))


def read_weights(path: str | Path) -> dict:
    """Read a weight file.

    Returns:
        As a checkpoint: ``state_dict``, and ``meta`` with ``architecture`` (JSON) and what else was
        said about it. Floating-point tensors come in float32.

    Raises:
        UserError: The file is missing or damaged.
    """
    try:
        with safe_open(path, framework="pt") as file:
            meta = json.loads((file.metadata() or {}).get(_KEY, "{}"))
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, ValueError, SafetensorError) as error:
        raise UserError(
            f"weight file {path} cannot be read ({error}): it is cut off or no weight file; use "
            "another"
        ) from error
    return {"state_dict": {n: _single(t) for n, t in state.items()}, "meta": meta}


def no_generator(path: Path) -> UserError:
    """What to raise where a checkpoint should hold a generator and does not."""
    return UserError(f"checkpoint {path} holds no generator: use one of a joint run")


def architecture_of(checkpoint: Mapping) -> dict | None:
    """How to build the networks of a checkpoint; ``None`` where it does not say.

    Raises:
        UserError: It says so in a form that cannot be read.
    """
    meta = checkpoint.get("meta")
    text = meta.get("architecture") if isinstance(meta, Mapping) else None
    if text is None:
        return None
    try:
        architecture = json.loads(text)
    except (TypeError, ValueError) as error:
        raise UserError(f"checkpoint: its architecture is not JSON ({error})") from error
    if not isinstance(architecture, dict):
        raise UserError("checkpoint: its architecture is not a JSON object")
    return architecture


def _single(tensor: Tensor) -> Tensor:
    return tensor.to(torch.float32) if tensor.is_floating_point() else tensor
