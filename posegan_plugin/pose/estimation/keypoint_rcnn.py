"""torchvision's Keypoint R-CNN (BSD-3): a back end without further packages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from torch import nn

from posegan_plugin.checkpoint import check_state, read_checkpoint
from posegan_plugin.errors import UserError
from posegan_plugin.pose.estimation.base import estimator_name
from posegan_plugin.pose.skeleton import COCO17_JOINTS, NUM_JOINTS, to_openpose18
from posegan_plugin.pose.threshold import drop_unsure

_COCO_V1_DIGEST = "fc266e95"
_PROPOSALS = (
    100  # a tenth of torchvision's: one person is to be found, and a batch has to fit memory
)


class KeypointRCNN:
    """Keypoint R-CNN with a ResNet-50-FPN.

    The image is the crop of one person: the detection with the highest score is taken. Where nobody is
    detected (torchvision drops detections whose score is not above 0.05), all joints are missing.

    A joint's score is the sigmoid of the highest value of its heat map.

    Args:
        weights: State dict of `torchvision.models.detection.keypointrcnn_resnet50_fpn`, or a
            checkpoint of torchvision's training script.
        threshold: Joints with a lower score are missing.
        device: ``cpu`` or ``cuda``.
        short_side: Images are brought to this length of the shorter side in pixels. Torchvision's 800
            is for photographs; in a crop the person fills the image.

    Attributes:
        name: See :class:`posegan_plugin.pose.estimation.base.PoseEstimator`.

    Raises:
        UserError: The file does not hold this network, or there is no such device.
    """

    default_threshold: ClassVar[float] = 0.88  # a heat map value of 2, from where Detectron draws
    weights_are: ClassVar[str] = "a state dict of keypointrcnn_resnet50_fpn (*.pth)"
    source: ClassVar[str] = "torchvision"
    download_is: ClassVar[str] = "keypointrcnn_resnet50_fpn_coco (237 MB)"

    def __init__(
        self,
        weights: Path,
        threshold: float = default_threshold,
        device: str = "cpu",
        short_side: int = 256,
    ) -> None:
        if device != "cpu" and not torch.cuda.is_available():
            raise UserError(f"device {device}: torch finds no GPU; use --device cpu")
        self.name = estimator_name("keypoint_rcnn", weights)
        self._threshold = threshold
        self._device = torch.device(device)
        state = _read_state(weights)
        self._network = _network(short_side)
        check_state(self._network, state, f"weight file {weights}")
        self._network.load_state_dict(state)
        if self.name.endswith(_COCO_V1_DIGEST):
            _without_epsilon(self._network)
        self._network.eval().to(self._device)

    @staticmethod
    def download() -> Path:
        """Fetch torchvision's COCO weights, if they are not in torch's cache."""
        from torchvision.models.detection import KeypointRCNN_ResNet50_FPN_Weights

        weights = KeypointRCNN_ResNet50_FPN_Weights.COCO_V1
        weights.get_state_dict(progress=True, check_hash=True)
        return Path(torch.hub.get_dir()) / "checkpoints" / Path(weights.url).name

    @torch.inference_mode()
    def __call__(self, images: Sequence[np.ndarray]) -> np.ndarray:
        """See :class:`posegan_plugin.pose.estimation.base.PoseEstimator`."""
        keypoints = np.zeros((len(images), len(COCO17_JOINTS), 3), dtype=np.float32)
        if not len(images):
            return np.zeros((0, NUM_JOINTS, 3), dtype=np.float32)
        batch = [
            torch.from_numpy(np.ascontiguousarray(image)).to(self._device).permute(2, 0, 1) / 255
            for image in images
        ]
        for row, found in enumerate(self._network(batch)):
            if len(found["scores"]):
                best = found["scores"].argmax()
                keypoints[row, :, :2] = found["keypoints"][best, :, :2].cpu().numpy()
                scores = found["keypoints_scores"][best].sigmoid()
                keypoints[row, :, 2] = scores.cpu().numpy()
        return to_openpose18(drop_unsure(keypoints, self._threshold), COCO17_JOINTS)


def _read_state(weights: Path) -> dict[str, torch.Tensor]:
    checkpoint = read_checkpoint(weights)
    state = checkpoint.get("model", checkpoint)
    if not isinstance(state, Mapping):
        raise UserError(f"weight file {weights} holds no state dict under 'model'; use another")
    # Batch norm that was not frozen counts its batches.
    return {k: v for k, v in state.items() if not k.endswith("num_batches_tracked")}


def _network(short_side: int) -> nn.Module:
    """The untrained network, with the frozen batch norm that torchvision's weights were made with."""
    from torchvision.models import detection
    from torchvision.models.detection.backbone_utils import resnet_fpn_backbone

    backbone = resnet_fpn_backbone(backbone_name="resnet50", weights=None, trainable_layers=0)
    return detection.KeypointRCNN(
        backbone,
        num_classes=2,
        num_keypoints=len(COCO17_JOINTS),
        min_size=short_side,
        max_size=4 * short_side,
        rpn_pre_nms_top_n_test=_PROPOSALS,
        rpn_post_nms_top_n_test=_PROPOSALS,
        box_detections_per_img=1,
    )


def _without_epsilon(network: nn.Module) -> None:
    """Do as torchvision does with its COCO weights, which were trained without."""
    from torchvision.ops import FrozenBatchNorm2d

    for module in network.modules():
        if isinstance(module, FrozenBatchNorm2d):
            module.eps = 0.0
