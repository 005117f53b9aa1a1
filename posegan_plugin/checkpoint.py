"""Checkpoints are data: written whole or not at all, read without running anything."""

from __future__ import annotations

import io
import pickle
import re
import sys
import zipfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import NoneType
from typing import TypeVar

import torch
from torch import Tensor, nn

from posegan_plugin.errors import UserError
from posegan_plugin.folders import is_file, is_folder
from posegan_plugin.pose.files import write_atomic
from posegan_plugin.published import SUFFIX, read_weights

POINTER = "last_checkpoint"
"""The file in a work dir that names the newest checkpoint."""

_RESUMABLE = re.compile(r"(?:epoch|iter)_(\d+)(?:_batch_(\d+))?\.pth")
_LISTED = 3  # entries that a message names; all of them stand below it
Candidate = TypeVar("Candidate")
Content = TypeVar("Content")


def save_checkpoint(content: Mapping[str, object], path: str | Path) -> None:
    """Write a checkpoint so that it is there whole, on the disk, or not at all.

    Args:
        content: Tensors and plain values.
        path: Where it goes; an existing file is replaced at the end.

    Raises:
        UserError: It cannot be written, for example because the disk is full.
    """
    buffer = io.BytesIO()
    torch.save(dict(content), buffer)
    write_atomic(path, buffer.getbuffer())


def saved_checkpoints(work_dir: str | Path) -> list[Path]:
    """Checkpoints of a work dir that a run can go on from, the newest first.

    The one that ``last_checkpoint`` names is the newest; the others follow by the time they were
    written, since a folder may also hold those of a run before.
    """
    folder = Path(work_dir)
    matches = [m for p in folder.glob("*.pth") if (m := _RESUMABLE.fullmatch(p.name))]
    numbers = {folder / m[0]: (int(m[1]), int(m[2] or 0)) for m in matches}
    found = sorted(numbers, key=lambda p: (p.stat().st_mtime_ns, numbers[p]), reverse=True)
    pointer = folder / POINTER
    named = pointer.read_text().strip() if is_file(pointer) else ""
    if named:
        # The work dir may have been moved or copied since; or checkpoints go to another folder.
        inside = folder / Path(named).name
        newest = Path(named) if is_file(named) and not is_file(inside) else inside
        found = [newest, *(p for p in found if p.resolve() != newest.resolve())]
    return found


def newest_checkpoint(work_dir: str | Path) -> Path | None:
    """The checkpoint that a training run last wrote into its work dir; ``None`` without one."""
    return next(iter(saved_checkpoints(work_dir)), None)


def checkpoint_file(path: str | Path) -> Path:
    """The file that a checkpoint or a work dir stands for; it need not be there."""
    return newest_checkpoint(path) or Path(path) / POINTER if is_folder(path) else Path(path)


def first_readable(
    candidates: Iterable[Candidate], read: Callable[[Candidate], Content]
) -> Content | None:
    """What the newest checkpoint holds that can be read; a warning names each that cannot.

    Args:
        candidates: Checkpoints, the newest first.
        read: Reads one, or raises a ``UserError``.

    Returns:
        What ``read`` returned; ``None`` where there is no candidate.

    Raises:
        UserError: There are candidates, and none can be read.
    """
    faults: list[UserError] = []
    for candidate in candidates:
        try:
            content = read(candidate)
        except UserError as error:
            faults.append(error)
            continue
        for fault in faults:
            print(f"warning: {fault} (going on with the one before)", file=sys.stderr)
        return content
    if faults:
        raise UserError(str(faults[0]), details=map(str, faults[1:]))
    return None


def read_checkpoint(path: str | Path) -> dict:
    """Load a checkpoint with ``weights_only=True``, on the CPU.

    Args:
        path: A checkpoint, a published weight file, or a work dir for the newest checkpoint in it.

    Raises:
        UserError: The file is missing, is damaged or no checkpoint, or holds code instead of data.
    """
    path = checkpoint_file(path)
    if not is_file(path):
        raise UserError(f"checkpoint {path} does not exist: check the path")
    if path.suffix == SUFFIX:
        return _with_parts(read_weights(path), path)
    try:
        checkpoint = torch.load(path, map_location="cpu", weights_only=True)
        damaged = _damaged_part(path)
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
    if damaged is not None:
        raise UserError(
            f"checkpoint {path} is damaged (the checksum of {damaged} is wrong): use another"
        )
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


def _damaged_part(path: str | Path) -> str | None:
    """The first part of a file whose checksum is wrong; torch writes them and does not look."""
    if not zipfile.is_zipfile(path):  # torch's format before 1.6
        return None
    with zipfile.ZipFile(path) as file:
        return file.testzip()


def check_state(
    network: nn.Module, state: Mapping[str, Tensor], where: str, alone: bool = True
) -> None:
    """Compare a state dict with a network before it is loaded.

    Args:
        network: The network that is about to load it.
        state: Name -> tensor.
        where: What the state is, for the message.
        alone: Whether the state is of this network and no other. If not, entries whose first part of
            the name ``network`` does not have are no fault: a baseline needs no discriminator.

    Raises:
        UserError: Something is missing, too much, or of another shape.
    """
    expected = network.state_dict()
    parts = {name.split(".")[0] for name in expected}
    missing = [k for k in expected if k not in state]
    surplus = [
        str(k) for k in state if k not in expected and (alone or str(k).split(".")[0] in parts)
    ]
    shapes = [
        f"{k} is {found} instead of {tuple(tensor.shape)}"
        for k, tensor in expected.items()
        if k in state and (found := _shape(state[k])) != tuple(tensor.shape)
    ]
    faults = [
        (kind, items)
        for kind, items in (
            ("entries missing", missing),
            ("entries too many", surplus),
            ("shapes differ", shapes),
        )
        if items
    ]
    if faults:
        counts = "; ".join(
            f"{len(items)} {kind} ({', '.join(items[:_LISTED])}{', ...' * (len(items) > _LISTED)})"
            for kind, items in faults
        )
        every = [f"{kind}: {i}" for kind, items in faults for i in items]
        raise UserError(
            f"{where} belongs to another architecture: {counts}; use the config it was trained with",
            details=every if any(len(items) > _LISTED for _, items in faults) else (),
        )


def load_network(network: nn.Module, path: str | Path, name: str) -> None:
    """Load one network out of a checkpoint file of several.

    Args:
        network: The network.
        path: Checkpoint, as training writes it (``state_dict`` with names ``NAME.layer...``) or a
            bare state dict of the network.
        name: The network's name in the checkpoint, for example ``generator``.

    Raises:
        UserError: The file cannot be read, or does not hold this network.
    """
    load_from(read_checkpoint(path), network, name, path)


def load_from(
    checkpoint: Mapping[str, object], network: nn.Module, name: str, path: str | Path
) -> None:
    """As :func:`load_network`, from a checkpoint that has been read.

    Args:
        checkpoint: See :func:`read_checkpoint`.
        network: The network.
        name: Its name in the checkpoint.
        path: Where the checkpoint was read, for messages.

    Raises:
        UserError: It does not hold this network.
    """
    state = checkpoint.get("state_dict", checkpoint)
    state = {k: v for k, v in state.items() if isinstance(k, str) and isinstance(v, Tensor)}
    prefix = f"{name}."
    own = {k[len(prefix) :]: v for k, v in state.items() if k.startswith(prefix)}
    own = own or state
    check_state(network, own, f"the {name} in checkpoint {path}")
    network.load_state_dict(own)


def _shape(value: object) -> tuple[int, ...] | str:
    return tuple(value.shape) if isinstance(value, Tensor) else f"a {type(value).__name__}"
