"""mmengine's checkpoints, each there whole and on the disk, or not at all."""

from __future__ import annotations

from pathlib import Path

from mmengine.dist import is_main_process
from mmengine.fileio import LocalBackend, register_backend
from mmengine.runner import Runner

from posegan_plugin.checkpoint import POINTER
from posegan_plugin.pose.files import write_atomic

BACKEND = "posegan_plugin.atomic"
INTERRUPTED = "epoch_{}_batch_{}.pth"
"""Where an epoch was left in the middle: finished epochs, and batches of the next one."""


class AtomicBackend(LocalBackend):
    """Local files, written whole or not at all."""

    def put(self, obj: bytes | memoryview, filepath: str | Path) -> None:
        """Write a file."""
        write_atomic(filepath, obj)


register_backend(BACKEND, AtomicBackend, force=True)


def write_runner_checkpoint(
    runner: Runner, folder: str | Path, name: str, meta: dict, **options: object
) -> str:
    """Save a runner's state, and then name it as the newest in ``last_checkpoint``.

    Args:
        runner: The runner; only the main process writes.
        folder: Where the checkpoint goes.
        name: Its file name.
        meta: What the checkpoint's ``meta`` holds, at least ``epoch`` and ``iter``.
        **options: Of ``Runner.save_checkpoint``.

    Returns:
        The checkpoint's path.
    """
    options = {"by_epoch": False, "backend_args": {"backend": BACKEND}, **options}
    runner.save_checkpoint(str(folder), name, meta=meta, **options)
    path = str(Path(folder) / name)
    if is_main_process():
        write_atomic(Path(runner.work_dir) / POINTER, path.encode())
    return path
