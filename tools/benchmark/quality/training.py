"""A training that goes on where a killed one stopped."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mmengine.config import Config
from mmengine.hooks import Hook

from posegan_plugin.checkpoint import newest_checkpoint, read_checkpoint
from posegan_plugin.for_mmengine.config import build_runner, prepare_for_dataset
from posegan_plugin.for_mmengine.resume import find_resume, resume_from


def train(config: Config, folder: Path, hooks: Sequence[Hook] = ()) -> Path:
    """Train to the end, from the newest checkpoint in the folder if there is one.

    Args:
        config: Of :mod:`quality.configs`; changed in place.
        folder: Where checkpoints and logs go.
        hooks: Further hooks.

    Returns:
        The last checkpoint.
    """
    config.work_dir = str(folder)
    # mmengine keeps one logger and one message hub for each name.
    config.experiment_name = f"{folder.parent.name}_{folder.name}"
    if checkpoint := find_resume(config.work_dir, "auto"):
        if read_checkpoint(checkpoint)["meta"]["epoch"] >= config.train_cfg.max_epochs:
            return Path(checkpoint)
        resume_from(config, checkpoint)
    prepare_for_dataset(config)
    runner = build_runner(config)
    for hook in hooks:
        runner.register_hook(hook)
    runner.train()
    return newest_checkpoint(config.work_dir)
