"""RTMPose (Apache-2.0) with rtmlib's pre-processing and decoding, a batch at a time."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import ClassVar

import numpy as np

from posegan_plugin.errors import UserError
from posegan_plugin.pose.estimation.base import estimator_name
from posegan_plugin.pose.skeleton import COCO17_JOINTS, HALPE26_JOINTS, NUM_JOINTS, to_openpose18
from posegan_plugin.pose.threshold import drop_unsure

_SKELETONS = {len(joints): joints for joints in (COCO17_JOINTS, HALPE26_JOINTS)}


class RTMPose:
    """An ONNX file of an RTMPose model, or of any network with its input and outputs.

    The input is (N, 3, H, W), RGB normalised with ImageNet's mean and deviation; the outputs are a
    row of bins along x and one along y for each joint (SimCC), of COCO's 17 or Halpe's 26 joints. An
    image is taken whole, with a margin of an eighth of its size on each side, as RTMPose was trained.

    A joint's score is the mean of its two highest bins. It is no probability: RTMPose reaches about
    1, RTMW 6.

    Args:
        weights: The ONNX file; it says the size of the input, and whether it takes any batch.
        threshold: Joints with a lower score are missing.
        device: ``cpu`` or ``cuda``.

    Attributes:
        name: See :class:`posegan_plugin.pose.estimation.base.PoseEstimator`.

    Raises:
        UserError: rtmlib or onnxruntime is not installed, the file is no such model, or the device
            cannot be used.
    """

    default_threshold: ClassVar[float] = 0.3  # from where MMPose's demos draw a joint
    weights_are: ClassVar[str] = "an RTMPose model (*.onnx) of 17 or 26 joints"
    source: ClassVar[str] = "rtmlib"
    download_is: ClassVar[str] = "RTMPose-m at 256x192"

    def __init__(
        self, weights: Path, threshold: float = default_threshold, device: str = "cpu"
    ) -> None:
        self.name = estimator_name("rtmpose", weights)
        self._threshold = threshold
        self._model = _load(weights, device)
        source = self._model.session.get_inputs()[0]
        if source.type != "tensor(float)" or not _is_image_shape(source.shape):
            raise UserError(
                f"weight file {weights} takes {source.type} {source.shape}, not float images "
                "(N, 3, height, width) of a fixed size; use an RTMPose model"
            )
        batch, _, height, width = source.shape
        self._batch = batch if isinstance(batch, int) else None
        self._model.model_input_size = (width, height)
        answers = self._run(np.zeros((1, 3, height, width), dtype=np.float32))
        self._joints, self._bins_per_pixel = _check_outputs(answers, (width, height), weights)

    @staticmethod
    def download() -> Path:
        """Fetch rtmlib's RTMPose-m, if it is not in rtmlib's cache."""
        rtmlib = _rtmlib()
        from rtmlib.tools.file import download_checkpoint

        return Path(download_checkpoint(rtmlib.Body.MODE["balanced"]["pose"]))

    def __call__(self, images: Sequence[np.ndarray]) -> np.ndarray:
        """See :class:`posegan_plugin.pose.estimation.base.PoseEstimator`."""
        if not len(images):
            return np.zeros((0, NUM_JOINTS, 3), dtype=np.float32)
        whole = [[0, 0, image.shape[1], image.shape[0]] for image in images]
        # rtmlib's examples pass BGR, but does not convert: RTMPose was trained on RGB.
        prepared = [self._model.preprocess(*pair) for pair in zip(images, whole, strict=True)]
        crops, centers, scales = (np.stack(parts) for parts in zip(*prepared, strict=True))
        answers = self._run(crops.transpose(0, 3, 1, 2).astype(np.float32))
        xy, scores = self._model.postprocess(
            answers, centers[:, None], scales[:, None], self._bins_per_pixel
        )
        keypoints = np.concatenate([xy, scores[..., None]], axis=-1)
        return to_openpose18(drop_unsure(keypoints, self._threshold), self._joints)

    def _run(self, crops: np.ndarray) -> list[np.ndarray]:
        """All outputs for crops (N, 3, H, W); at once, or as many at a time as the file says."""
        session = self._model.session
        name, size = session.get_inputs()[0].name, self._batch or len(crops)
        parts = []
        for start in range(0, len(crops), size):
            part = crops[start : start + size]
            padding = np.zeros((size - len(part), *crops.shape[1:]), dtype=np.float32)
            answers = session.run(None, {name: np.concatenate([part, padding])})
            parts.append([answer[: len(part)] for answer in answers])
        return [np.concatenate(answers) for answers in zip(*parts, strict=True)]


def _rtmlib() -> ModuleType:
    try:
        import onnxruntime  # noqa: F401  rtmlib imports it late
        import rtmlib
    except ImportError as error:
        raise UserError(
            f"RTMPose needs {error.name}: pip install 'posegan_plugin[pose]' brings it"
        ) from error
    return rtmlib


def _load(weights: Path, device: str) -> object:
    """The model of a file, as rtmlib has it."""
    rtmlib = _rtmlib()
    import onnxruntime

    if device != "cpu" and "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        raise UserError(
            f"device {device}: this onnxruntime runs on the CPU only; install onnxruntime-gpu in its "
            "place, or use --device cpu"
        )
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # it says what it loads
            model = rtmlib.RTMPose(str(weights), device=device)
    except Exception as error:  # onnxruntime's errors have only this in common
        reason = str(error).strip().splitlines()[0]
        raise UserError(
            f"weight file {weights} cannot be loaded as an ONNX model ({reason}); use another"
        ) from error
    if device != "cpu" and "CUDAExecutionProvider" not in model.session.get_providers():
        raise UserError(
            f"device {device}: onnxruntime finds no usable GPU; check the driver and CUDA, or use "
            "--device cpu"
        )
    return model


def _is_image_shape(shape: Sequence[int | str | None]) -> bool:
    return len(shape) == 4 and shape[1] == 3 and all(isinstance(n, int) for n in shape[2:])


def _check_outputs(
    answers: Sequence[np.ndarray], size: tuple[int, int], weights: Path
) -> tuple[Sequence[str], float]:
    """Joint names and bins per pixel of a model with these outputs for one image.

    Raises:
        UserError: They are not those of an RTMPose model.
    """
    shapes = [answer.shape for answer in answers]
    if len(shapes) == 2 and all(len(shape) == 3 for shape in shapes):
        (_, joints, columns), (_, joints_y, rows) = shapes
        same = joints == joints_y and columns * size[1] == rows * size[0]
        if same and joints in _SKELETONS:
            return _SKELETONS[joints], columns / size[0]
    raise UserError(
        f"weight file {weights} answers with shapes {', '.join(map(str, shapes))} for an image of "
        f"{size[0]}x{size[1]}, not with bins along x and along y of 17 or 26 joints; use an RTMPose "
        "model"
    )
