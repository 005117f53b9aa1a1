"""Where a run starts: from nothing, from given weights, or where another stood."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from mmengine.config import Config

from posegan_plugin.checkpoint import (
    checkpoint_file,
    first_readable,
    read_checkpoint,
    saved_checkpoints,
)
from posegan_plugin.errors import UserError


def check_load_from(config: Config) -> None:
    """Refuse a ``load_from`` that is no checkpoint, before a runner is built.

    Args:
        config: Changed in place: a work dir becomes its newest checkpoint. A place that mmengine knows
            how to fetch is left to it, and a checkpoint that is resumed has been looked at.

    Raises:
        UserError: It cannot be read.
    """
    path = config.get("load_from")
    if path is not None and not config.get("resume") and ":" not in path:
        config.load_from = str(checkpoint_file(path))
        read_checkpoint(path)


def find_resume(work_dir: str, resume: str) -> str | None:
    """The checkpoint to go on from.

    Args:
        work_dir: Where a run left ``last_checkpoint``.
        resume: A checkpoint, another work dir for its newest, or ``auto`` for the newest in
            ``work_dir``.

    Returns:
        Its path; ``None`` where ``auto`` finds none, so that the same command starts a run.

    Raises:
        UserError: The checkpoint cannot be read, or with ``auto`` none of those that are there; of
            several the newest is taken that can.
    """
    if resume != "auto":
        return _resumable(checkpoint_file(resume))
    return first_readable(saved_checkpoints(work_dir), _resumable)


def resume_from(config: Config, checkpoint: str) -> None:
    """Let a run go on from a checkpoint, which also holds what the run once read from other files.

    Args:
        config: Changed in place.
        checkpoint: See :func:`find_resume`.
    """
    config.load_from, config.resume = checkpoint, True
    for key in ("generator_checkpoint", "reid_checkpoint"):
        if config.model.get(key) is not None:
            config.model[key] = checkpoint


def _resumable(path: str | Path) -> str:
    checkpoint = read_checkpoint(path)
    if "optimizer" not in checkpoint or "state_dict" not in checkpoint:
        raise UserError(
            f"checkpoint {path} holds weights only and cannot be resumed from; use it as "
            "model.generator_checkpoint, or with tools/test.py"
        )
    if not all(isinstance(checkpoint.get(k), Mapping) for k in ("meta", "message_hub")):
        raise UserError(f"checkpoint {path} is not one that tools/train.py wrote: use another")
    return str(path)
