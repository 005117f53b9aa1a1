"""Key points of everything in the output, beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from posegan_plugin.pose import write_keypoint_csv
from posegan_plugin.synthesis.plan import SynthesisPlan
from posegan_plugin.synthesis.real import TRAIN
from posegan_plugin.synthesis.tables import Row, is_written


def write_annotations(
    root: Path, plan: SynthesisPlan, manifest: Sequence[Row], real: Mapping[str, np.ndarray]
) -> None:
    """Write ``market-annotation-train.csv`` and, for query and gallery, ``-test.csv``.

    Args:
        root: The output folder.
        plan: What was planned.
        manifest: A line for each planned image.
        real: Key points of real images by file below ``root``.

    Raises:
        UserError: A file cannot be written.
    """
    train: dict[str, np.ndarray] = {}
    test: dict[str, np.ndarray] = {}
    for file, keypoints in real.items():
        folder, name = file.split("/")
        (train if folder == TRAIN else test)[name] = keypoints
    for row, line in enumerate(manifest):
        if is_written(line):
            train[plan.names[row]] = plan.targets.keypoints[row].numpy()
    write_keypoint_csv(root / "market-annotation-train.csv", train)
    if test:
        write_keypoint_csv(root / "market-annotation-test.csv", test)
