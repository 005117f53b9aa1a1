"""torchreid's checkpoint files: ``SAVE_DIR/NAME/model.pth.tar-EPOCH``, one for each network."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from posegan_plugin.checkpoint import check_state, read_checkpoint, save_checkpoint
from posegan_plugin.errors import UserError
from posegan_plugin.folders import is_file
from posegan_plugin.pose.files import write_atomic
from posegan_plugin.training import unwrap

_NAME = "model.pth.tar-{}"
_INTERRUPTED = "model.pth.tar-{}-batch-{}"
_POINTER = "last_state"  # not mmengine's last_checkpoint, which is one file of all networks
_PATTERN = re.compile(r"model\.pth\.tar-(\d+)(?:-batch-(\d+))?")


def write_checkpoint(state: dict, folder: Path | str, is_best: bool = False) -> Path:
    """Write a checkpoint under torchreid's name for it; an interrupted write leaves no half file.

    Args:
        state: What to write, with the key ``epoch``, and ``position`` in the middle of an epoch.
        folder: ``SAVE_DIR/NAME``; it is made.
        is_best: Also write it as ``model-best.pth.tar``.

    Returns:
        The file.
    """
    position = state.get("position")
    name = _NAME.format(state["epoch"])
    if position is not None:
        name = _INTERRUPTED.format(state["epoch"], position["batch"])
    if is_best:
        save_checkpoint(state, Path(folder) / "model-best.pth.tar")
    save_checkpoint(state, Path(folder) / name)
    return Path(folder) / name


def point_to(file: Path) -> None:
    """Name a state as the newest of its run, once the files of all networks are there.

    Args:
        file: That of any network.
    """
    write_atomic(file.parents[1] / _POINTER, file.name.encode())


def remove_checkpoints(folder: Path, epochs: Iterable[int], interrupted: bool) -> None:
    """Remove checkpoints that a newer one replaces.

    Args:
        folder: ``SAVE_DIR/NAME``.
        epochs: Whose checkpoints go.
        interrupted: Whether those in the middle of an epoch go too.
    """
    paths = [folder / _NAME.format(epoch) for epoch in epochs]
    for path in [*paths, *(folder.glob(_INTERRUPTED.format("*", "*")) if interrupted else ())]:
        path.unlink(missing_ok=True)


def find_checkpoints(path: Path | str, names: Sequence[str]) -> dict[str, Path]:
    """The files of all networks that belong together.

    Args:
        path: A run's ``save_dir``, for the newest that every network has; or one of the files.
        names: The networks.

    Returns:
        Name -> file.

    Raises:
        UserError: Nothing is there, or the file of a network is missing.
    """
    path = Path(path)
    if path.is_dir():
        return checkpoint_sets(path, names)[0]
    if not path.is_file():
        raise UserError(
            f"checkpoint {path} does not exist: give a run's save_dir or one of its files"
        )
    if len(names) == 1:
        return {names[0]: path}
    files = {n: path.parent.parent / n / path.name for n in names}
    missing = [str(f) for f in files.values() if not f.is_file()]
    if missing:
        raise UserError(
            f"checkpoint {path} is not of a run that trains {', '.join(names)}: "
            f"{missing[0]} is missing"
        )
    return files


def checkpoint_sets(folder: Path | str, names: Sequence[str]) -> list[dict[str, Path]]:
    """All states of a run of which every network has a file, the newest first.

    That is the one that ``last_state`` names; the others follow by the time they were written,
    since the folder may also hold later epochs of a run before.

    Args:
        folder: The run's ``save_dir``.
        names: The networks.

    Returns:
        Name -> file, for each state; at least one.

    Raises:
        UserError: There is none.
    """
    folder = Path(folder)
    folders = {n: folder / n for n in names}
    if len(names) == 1 and not folders[names[0]].is_dir():
        folders = {names[0]: folder}
    found = [
        {
            m[0]: (int(m[1]), int(m[2] or 0))
            for f in d.glob("*")
            if (m := _PATTERN.fullmatch(f.name))
        }
        for d in folders.values()
    ]
    common = set.intersection(*(set(numbers) for numbers in found))
    if not common:
        raise UserError(
            f"{folder} has no epoch with a checkpoint of each of {', '.join(names)}: give the "
            "save_dir of a run that trained them"
        )
    last = folders[names[-1]]  # files are written in this order
    pointer = last.parent / _POINTER
    named = pointer.read_text().strip() if is_file(pointer) else ""

    def age(file: str) -> tuple:
        # Times alone would not do: copying a folder changes them.
        return file == named, (last / file).stat().st_mtime_ns, found[0][file]

    newest_first = sorted(common, key=age, reverse=True)
    return [{n: d / file for n, d in folders.items()} for file in newest_first]


def read_toolbox_checkpoint(path: Path | str) -> dict:
    """Read a checkpoint of this plugin's engines or of torchreid's own.

    Args:
        path: The file.

    Raises:
        UserError: It cannot be read, or is no checkpoint of a torchreid engine.
    """
    with numpy_scalars():
        checkpoint = read_checkpoint(path)
    if not isinstance(checkpoint.get("state_dict"), Mapping) or "epoch" not in checkpoint:
        raise UserError(
            f"checkpoint {path} is not one that a torchreid engine wrote (state_dict and epoch): "
            "training cannot go on from it"
        )
    return checkpoint


def fitted_state(network: nn.Module, state: Mapping[str, Tensor], where: str) -> dict[str, Tensor]:
    """A state dict as the network names its entries.

    Args:
        network: The network that is about to load it, within ``nn.DataParallel`` or not.
        state: The state dict of such a network, within ``nn.DataParallel`` or not.
        where: What the state is, for the message.

    Raises:
        UserError: It belongs to another architecture.
    """
    bare = {k.removeprefix("module."): v for k, v in state.items()}
    inner = unwrap(network)
    check_state(inner, bare, where)
    return {f"module.{k}": v for k, v in bare.items()} if inner is not network else bare


def numpy_scalars() -> AbstractContextManager:
    """Inside this context torch also loads NumPy scalars.

    torchreid's own engines store rank-1 as one, and torch >= 2.6 refuses to read that.
    """
    scalar = np.float32(0).__reduce__()[0]
    return torch.serialization.safe_globals(
        [
            (scalar, "numpy._core.multiarray.scalar"),
            (scalar, "numpy.core.multiarray.scalar"),
            np.dtype,
            type(np.dtype(np.float32)),
            type(np.dtype(np.float64)),
        ]
    )
