"""Everything that an engine has to store in order to go on as if it had never stopped."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from torch import nn

from posegan_plugin.checkpoint import first_readable
from posegan_plugin.for_torchreid.checkpoint_files import (
    checkpoint_sets,
    find_checkpoints,
    fitted_state,
    point_to,
    read_toolbox_checkpoint,
    remove_checkpoints,
    write_checkpoint,
)
from posegan_plugin.for_torchreid.resumed_parts import load_part
from posegan_plugin.models import PoseTransferGenerator
from posegan_plugin.training import random_state, unwrap


class SavedStateEngine:
    """Mixin before a torchreid engine: one checkpoint of each network, in torchreid's format.

    Besides torchreid's entries a checkpoint has ``random``, ``seed``, ``temporary`` (epochs whose
    checkpoints a later one may remove) and, in the middle of an epoch, ``position``; ``rank1`` is
    missing where no test has followed yet.

    Attributes:
        keep_last: Of epochs that no test follows, how many checkpoints stay; at least 1.
        seed: Where not ``None``, each epoch's random numbers follow from it and the epoch alone.
    """

    keep_last: int = 2
    seed: int | None = None

    def __init__(self, *args: object, **kwargs: object) -> None:
        self._temporary: list[int] = []
        self._resumed: dict[str, object] | None = None
        self._resumed_dir: Path | None = None
        super().__init__(*args, **kwargs)

    def save_model(
        self, epoch: int, rank1: float, save_dir: Path | str, is_best: bool = False
    ) -> None:
        """Write ``save_dir/NAME/model.pth.tar-EPOCH`` for each network, after a test."""
        for path in self.save_state(epoch + 1, save_dir, rank1, is_best):
            print(f'Checkpoint saved to "{path}"')

    def save_state(
        self,
        epoch: int,
        save_dir: Path | str,
        rank1: float | None = None,
        is_best: bool = False,
        position: dict[str, object] | None = None,
    ) -> list[Path]:
        """Write the state of all networks, and then remove what it replaces.

        Args:
            epoch: Epochs that are done.
            save_dir: The run's folder.
            rank1: Of the test after the epoch; ``None``: there was none, or not yet.
            is_best: Also write ``model-best.pth.tar``.
            position: In the middle of an epoch: ``batch``, how many of its batches are done, and
                ``epoch_random``, the random numbers at its start.

        Returns:
            The files, one a network.
        """
        temporary = list(self._temporary)
        if position is None:
            temporary = [e for e in temporary if e != epoch] + [epoch] * (rank1 is None)
        common = {"epoch": epoch, "random": random_state(), "temporary": temporary}
        common |= {} if rank1 is None else {"rank1": float(rank1)}
        common |= {} if position is None else {"position": position}
        common |= {} if self.seed is None else {"seed": self.seed}
        files = []
        for name in self.get_model_names():
            state = {"state_dict": self._models[name].state_dict(), **common}
            state |= {k: part.state_dict() for k, part in self._parts(name) if part is not None}
            state |= _description(name, unwrap(self._models[name]))
            files.append(write_checkpoint(state, Path(save_dir) / name, is_best))
        point_to(files[-1])
        self._temporary = temporary[-self.keep_last :]
        for file in files:
            remove_checkpoints(file.parent, temporary[: -self.keep_last], position is None)
        return files

    def resume(self, path: Path | str) -> int:
        """Restore all networks, optimisers and schedulers, and random numbers when the run starts.

        Args:
            path: The run's ``save_dir``, for the newest state in it that can be read; or one of its
                checkpoints.

        Returns:
            The epoch to start with: ``engine.run(start_epoch=engine.resume("log"), ...)``.

        Raises:
            UserError: A checkpoint is missing, cannot be read, or is of another architecture.
        """
        names = self.get_model_names()
        is_run = Path(path).is_dir()
        sets = checkpoint_sets(path, names) if is_run else [find_checkpoints(path, names)]
        files, states = first_readable(sets, _read)
        fitted = {
            name: fitted_state(self._models[name], states[name]["state_dict"], f"checkpoint {file}")
            for name, file in files.items()
        }
        for name, state in states.items():
            self._models[name].load_state_dict(fitted[name])
            for key, part in self._parts(name):
                load_part(part, key, state, files[name])
        # Files are written in this order: what the last one says is true of all.
        self._resumed = states[names[-1]]
        self._resumed_dir = files[names[-1]].parents[1].resolve()
        self.seed = self._resumed.get("seed", self.seed)
        start = int(self._resumed["epoch"])
        self.epoch = start - 1  # torchreid names the final checkpoint of an empty run by it
        done = (self._resumed.get("position") or {}).get("batch", 0)
        print(f'Resumed from "{path}" after epoch {start}' + f" and {done} batches" * bool(done))
        return start

    def _parts(self, name: str) -> tuple[tuple[str, object], ...]:
        return ("optimizer", self._optims[name]), ("scheduler", self._scheds[name])


def _description(name: str, network: nn.Module) -> dict[str, object]:
    """What lets ``tools/synthesize.py`` and others build a generator from its checkpoint alone."""
    if not isinstance(network, PoseTransferGenerator):
        return {}
    architecture = {name: {"type": "PoseTransferGenerator", **network.options}}
    return {"meta": {"architecture": json.dumps(architecture)}}


def _read(files: Mapping[str, Path]) -> tuple[Mapping[str, Path], dict[str, dict]]:
    return files, {name: read_toolbox_checkpoint(file) for name, file in files.items()}
