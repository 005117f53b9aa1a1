"""Pictures of the evaluations: where they lie, and how many."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from mmengine.runner import Runner

from posegan_plugin.errors import UserError
from posegan_plugin.visualization import save_image


def check_max_keep(max_keep: int, hook: str) -> int:
    """The number, if it is one that can be used.

    Raises:
        UserError: It is neither positive nor -1.
    """
    if max_keep < 1 and max_keep != -1:
        raise UserError(f"{hook} max_keep_pictures={max_keep} must be positive, or -1 for all")
    return max_keep


def keep_picture(
    runner: Runner, prefix: str, name: str, picture: np.ndarray, max_keep: int
) -> Path:
    """Write ``pictures/PREFIX_EPOCH.png``, hand the picture to the visualiser, remove old ones.

    Args:
        runner: The run.
        prefix: Of the file.
        name: What the visualiser calls it.
        picture: uint8 (H, W, 3).
        max_keep: How many of the newest stay, in ``pictures`` and in each folder of mmengine's
            ``LocalVisBackend``; -1 for all. Event files of TensorBoard keep theirs.

    Returns:
        The file.
    """
    work_dir = Path(runner.work_dir)
    # Asked for its epoch, a runner that only tests would build the training, data and all.
    epoch = 0 if isinstance(runner._train_loop, dict) else runner.epoch
    path = work_dir / "pictures" / f"{prefix}_{epoch:03d}.png"
    save_image(path, picture)
    runner.visualizer.add_image(name, picture, step=epoch)
    if max_keep != -1:
        for pattern in (f"pictures/{prefix}_*.png", f"*/vis_data/vis_image/{name}_*.png"):
            # By time: a training before this one may have left higher numbers.
            found = sorted(work_dir.glob(pattern), key=lambda file: file.stat().st_mtime_ns)
            for outdated in found[:-max_keep]:
                outdated.unlink(missing_ok=True)
    return path
