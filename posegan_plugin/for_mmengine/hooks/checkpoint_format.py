"""Checkpoints that load as data, describe themselves, and fit the model they are loaded into."""

from __future__ import annotations

import json
from collections import OrderedDict

import numpy as np
from mmengine.hooks import Hook
from mmengine.logging import HistoryBuffer
from mmengine.runner import Runner

from posegan_plugin.checkpoint import check_state
from posegan_plugin.errors import UserError
from posegan_plugin.training import unwrap


class CheckpointFormatHook(Hook):
    """Stores mmengine's log history as plain values and the architecture; checks what is loaded.

    mmengine pickles its ``HistoryBuffer`` objects into checkpoints, which torch >= 2.6 refuses to
    load; and it loads weights with ``strict=False``, so that a checkpoint of another architecture
    would be dropped without a word.
    """

    priority = "VERY_HIGH"

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Turn the log history into lists, numpy scalars into numbers; say how networks are built."""
        architecture = getattr(unwrap(runner.model), "architecture", None)  # not of other models
        if architecture is not None:
            checkpoint["meta"]["architecture"] = json.dumps(architecture)
        hub = dict(checkpoint["message_hub"])
        hub["log_scalars"] = {
            name: {
                "log": [float(v) for v in buffer._log_history],
                "count": [int(c) for c in buffer._count_history],
                "max_length": int(buffer.max_length),
            }
            for name, buffer in hub["log_scalars"].items()
        }
        hub["runtime_info"] = {k: _plain(v) for k, v in hub["runtime_info"].items()}
        checkpoint["message_hub"] = hub

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Check the weights, and turn the lists back into history buffers.

        Raises:
            UserError: The checkpoint belongs to another architecture, or is to be resumed in a mode
                that trains other networks.
        """
        where = f"checkpoint {runner._load_from or ''}".strip()
        state = checkpoint.get("state_dict", checkpoint)
        check_state(unwrap(runner.model), state, where, alone=False)
        if runner._resume:
            _check_optimizers(set(checkpoint["optimizer"]), set(runner.optim_wrapper.keys()), where)
            _hand_position(runner, checkpoint["meta"].get("position"), where)
        hub = checkpoint.get("message_hub")
        if not isinstance(hub, dict):
            return
        hub["log_scalars"] = OrderedDict(
            (
                name,
                HistoryBuffer(entry["log"], entry["count"], entry["max_length"]),
            )
            for name, entry in hub["log_scalars"].items()
        )


def _hand_position(runner: Runner, position: dict | None, where: str) -> None:
    """Tell the loop where in an epoch it goes on."""
    if position is None:
        return
    if not hasattr(runner.train_loop, "position"):
        raise UserError(
            f"{where} was saved in the middle of an epoch: resume it with train_cfg.type="
            "'ResumableEpochLoop', or name the checkpoint of a whole epoch"
        )
    runner.train_loop.position = position


def _check_optimizers(found: set[str], expected: set[str], where: str) -> None:
    if found != expected:
        raise UserError(
            f"{where} is of a training of {', '.join(sorted(found))} and cannot be resumed by one of "
            f"{', '.join(sorted(expected))}; resume with the model.mode it was trained with"
        )


def _plain(value: object) -> object:
    return value.item() if isinstance(value, np.generic) else value
