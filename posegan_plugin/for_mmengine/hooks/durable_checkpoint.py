"""Checkpoints that survive a kill at any moment."""

from __future__ import annotations

from collections import deque
from pathlib import Path

from mmengine.dist import is_main_process
from mmengine.hooks import CheckpointHook
from mmengine.runner import Runner

from posegan_plugin.for_mmengine.checkpoint_files import (
    BACKEND,
    INTERRUPTED,
    write_runner_checkpoint,
)
from posegan_plugin.pose.files import remove_leftovers
from posegan_plugin.report.names import SCORES


class DurableCheckpointHook(CheckpointHook):
    """mmengine's ``CheckpointHook``, with files that are whole or not there.

    mmengine writes a checkpoint under its final name and removes the oldest before that, so a kill
    can leave a half file and, with ``max_keep_ckpts=1``, nothing else. Here a checkpoint gets its
    name when it is on the disk, then ``last_checkpoint`` names it, and then old ones go.

    Args:
        max_keep_ckpts: How many are kept; with 2 or more a damaged one can be gone without.
        **options: Of mmengine's ``CheckpointHook``, for local folders. ``save_best`` knows of this
            package's scores which way is up.
    """

    _default_greater_keys = (
        *CheckpointHook._default_greater_keys,
        *(name for name, score in SCORES.items() if score.best is max),
    )
    _default_less_keys = (
        *CheckpointHook._default_less_keys,
        *(name for name, score in SCORES.items() if score.best is min),
    )

    def __init__(self, max_keep_ckpts: int = 2, **options: object) -> None:
        super().__init__(
            max_keep_ckpts=max_keep_ckpts, backend_args={"backend": BACKEND}, **options
        )

    def before_train(self, runner: Runner) -> None:
        """Also remove what a killed write has left."""
        super().before_train(runner)
        if is_main_process():
            for folder in {self.out_dir, runner.work_dir}:
                remove_leftovers(folder)

    def _save_checkpoint_with_step(self, runner: Runner, step: int, meta: dict) -> None:
        """Where mmengine's hook writes a checkpoint of any kind but the best."""
        limited = self.max_keep_ckpts > 0
        steps = [s for s in self.keep_ckpt_ids if s != step] + [step] if limited else []
        # With those that are about to go: a killed run removes them when it is resumed.
        runner.message_hub.update_info("keep_ckpt_ids", steps)
        name = self.filename_tmpl.format(step)
        self.last_ckpt = str(Path(self.out_dir) / name)
        runner.message_hub.update_info("last_ckpt", self.last_ckpt)
        write_runner_checkpoint(
            runner,
            self.out_dir,
            name,
            meta,
            by_epoch=self.by_epoch,
            save_optimizer=self.save_optimizer,
            save_param_scheduler=self.save_param_scheduler,
            **self.args,
        )
        if is_main_process():
            for outdated in steps[: -self.max_keep_ckpts]:
                (Path(self.out_dir) / self.filename_tmpl.format(outdated)).unlink(missing_ok=True)
            # Where an interrupted epoch went on from; it is over now.
            for path in Path(runner.work_dir).glob(INTERRUPTED.format("*", "*")):
                path.unlink()
        if limited:
            self.keep_ckpt_ids = deque(steps, self.max_keep_ckpts)
