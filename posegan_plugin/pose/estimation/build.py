"""A pose estimator by name."""

from __future__ import annotations

from pathlib import Path

from posegan_plugin.errors import UserError
from posegan_plugin.folders import is_file
from posegan_plugin.pose.estimation.base import PoseEstimator
from posegan_plugin.pose.estimation.keypoint_rcnn import KeypointRCNN
from posegan_plugin.pose.estimation.rtmpose import RTMPose
from posegan_plugin.pose.threshold import check_threshold

_ESTIMATORS = {"rtmpose": RTMPose, "keypoint_rcnn": KeypointRCNN}

BACKENDS: tuple[str, ...] = tuple(_ESTIMATORS)
"""Names of the estimators, the default first."""

DEFAULT_THRESHOLDS: dict[str, float] = {
    name: estimator.default_threshold for name, estimator in _ESTIMATORS.items()
}
"""The score that a joint needs, by estimator: each scores on a scale of its own."""


def build_estimator(
    backend: str = BACKENDS[0],
    weights: str | Path | None = None,
    threshold: float | None = None,
    device: str = "cpu",
    download: bool = False,
) -> PoseEstimator:
    """Load an estimator.

    Args:
        backend: ``rtmpose`` or ``keypoint_rcnn``.
        weights: Its weight file: an RTMPose model in ONNX, or a state dict of torchvision's Keypoint
            R-CNN.
        threshold: Joints with a lower score are missing. Defaults to None, the estimator's entry of
            `DEFAULT_THRESHOLDS`.
        device: ``cpu`` or ``cuda``.
        download: Without ``weights``, let rtmlib or torchvision download theirs into their cache.

    Raises:
        UserError: An argument or the weight file cannot be used, a package is missing, there is no
            such device, or the download failed.
    """
    if backend not in _ESTIMATORS:
        raise UserError(f"backend {backend!r} is unknown; choose one of {', '.join(BACKENDS)}")
    estimator = _ESTIMATORS[backend]
    if threshold is None:
        threshold = estimator.default_threshold
    check_threshold(threshold)
    if weights is None and not download:
        raise UserError(
            f"{backend} needs weights: give --weights FILE, {estimator.weights_are}, or --download to "
            f"let {estimator.source} fetch {estimator.download_is}"
        )
    path = Path(weights) if weights is not None else _download(backend)
    if not is_file(path):
        raise UserError(f"weight file {path} does not exist; check the path")
    return estimator(path, threshold, device)


def _download(backend: str) -> Path:
    estimator = _ESTIMATORS[backend]
    try:
        return estimator.download()
    except UserError:
        raise
    except Exception as error:  # urllib, zipfile and the hash checks have no error in common
        raise UserError(
            f"{estimator.source} could not download {estimator.download_is} "
            f"({type(error).__name__}: {error}); check the network, or give --weights FILE"
        ) from error
