"""Whose trainings a work folder holds."""

from __future__ import annotations

from pathlib import Path

from harness import people_hash
from mmengine.config import Config

from posegan_plugin.datasets import ReIDSplits
from posegan_plugin.errors import UserError
from posegan_plugin.for_mmengine.load_people import find_keypoint_files
from posegan_plugin.pose.files import write_atomic


def claim(folder: Path, config: Config, splits: ReIDSplits) -> None:
    """Keep one work folder to one data set: its encoder, judge and rows know nobody else.

    Args:
        folder: The folder, new or of an earlier call.
        config: Of :func:`quality.configs.base_config`; says where the key points are.
        splits: The people.

    Raises:
        UserError: The folder is of other images or key points.
    """
    dataset = config.test_dataset
    keypoints = find_keypoint_files(dataset.get("keypoints"), splits, dataset.data_root)
    digest = people_hash(splits, keypoints)
    file = folder / "people.sha256"
    if not file.is_file():
        write_atomic(file, f"{digest}\n".encode())
    elif file.read_text().strip() != digest:
        raise UserError(
            f"{folder} holds trainings on other images or key points: give another --work-dir"
        )
