"""Does a pose detector find the synthesised people's joints where they were asked for?"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from posegan_plugin.evaluation.pose_accuracy import mean_pck
from posegan_plugin.evaluation.transfer_samples import TransferSamples
from posegan_plugin.pose.estimation import build_estimator
from posegan_plugin.visualization.grid import to_uint8


class DetectedPoses:
    """PCK of a named detector on I_g and, as its ceiling, on I_t.

    The true places are the data set's key points of the target. A joint is right if the detector
    finds it at most ``fraction`` of the image height away; see
    :func:`posegan_plugin.evaluation.pose_accuracy.mean_pck`. All values are percentages over all
    joints of all pairs. Images are given at the generator's size, rounded to 8 bits.

    Args:
        backend: Name of the detector, see :func:`posegan_plugin.pose.estimation.build_estimator`.
        weights: Its weight file; nothing is downloaded.
        threshold: Joints with a smaller score count as not found; the detector's default if ``None``.
        fraction: Distance that is still right, as a share of the image height.
        device: Where it runs.

    Raises:
        UserError: The detector is not installed, or its weights cannot be used.
    """

    def __init__(
        self,
        backend: str,
        weights: str | Path,
        threshold: float | None = None,
        fraction: float = 0.1,
        device: torch.device | str = "cpu",
    ) -> None:
        self._detect = build_estimator(backend, weights, threshold, torch.device(device).type)
        self._fraction = fraction
        self.protocols = {
            "PCK_generated": f"percent of the target's joints that {self._detect.name} finds on the "
            f"synthesised image, at most {fraction:g} of its height off",
            "PCK_real": "PCK_generated on the true target: the detector's own ceiling",
        }

    def __call__(self, samples: TransferSamples) -> dict[str, float]:
        """Score samples, see :class:`posegan_plugin.evaluation.transfer_samples.TransferScore`."""
        height = samples.targets.shape[-2]

        def score(images: Tensor) -> float:
            found = samples.in_batches(self._found, images, label="Detected poses")
            return 100 * mean_pck(found, samples.target_poses, height, self._fraction)

        return {"PCK_generated": score(samples.generated), "PCK_real": score(samples.targets)}

    def _found(self, images: Tensor) -> Tensor:
        return torch.from_numpy(np.asarray(self._detect(list(to_uint8(images)))))
