"""What every pose estimator does."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from posegan_plugin.file_hash import file_hash


class PoseEstimator(Protocol):
    """Finds the joints of the one person that each image is the crop of.

    Attributes:
        name: What scores and manifests call it: the back end, the weight file's name and the first
            8 digits of the file's SHA-256.
    """

    name: str

    def __call__(self, images: Sequence[np.ndarray]) -> np.ndarray:
        """Find joints.

        Args:
            images: uint8 RGB (H, W, 3) each; sizes may differ.

        Returns:
            Key points float32 (N, 18, 3) as x, y in pixels of each image and score in [0, 1]; joints
            below the estimator's threshold are all zero.
        """
        ...


def estimator_name(backend: str, weights: Path) -> str:
    """The `name` of an estimator, such as ``rtmpose rtmpose-m.onnx e48f03d0``."""
    return f"{backend} {weights.name} {file_hash(weights)[:8]}"
