"""The paper's networks in torchreid's model factory."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import cache

from torch import Tensor, nn

from posegan_plugin.errors import UserError
from posegan_plugin.for_torchreid.backbone import TorchreidBackbone
from posegan_plugin.models import PoseTransferGenerator, ReIDNetwork

PREFIX = "posegan_"
GENERATOR = f"{PREFIX}generator"
# It gives one vector for each part of the body.
UNSUITABLE = frozenset({"hacnn"})


class TorchreidReIDNetwork(ReIDNetwork):
    """The paper's re-ID network, answering as torchreid's models do.

    Evaluation: the descriptor (B, F). Training: logits with ``loss='softmax'``, (logits, embedding)
    with ``loss='triplet'``; the embedding (B, 128) is what metric losses work on.

    Args:
        backbone: Name of a torchreid model.
        num_classes: Training identities.
        loss: ``softmax`` or ``triplet``.
        pretrained: Whether torchreid downloads ImageNet weights for the backbone.

    Raises:
        UserError: Unknown loss, or the backbone does not fit.
    """

    def __init__(self, backbone: str, num_classes: int, loss: str, pretrained: bool) -> None:
        if loss not in ("softmax", "triplet"):
            raise UserError(f"model loss={loss!r} is unknown; choose 'softmax' or 'triplet'")
        super().__init__(TorchreidBackbone(backbone, pretrained), num_classes)
        self.loss = loss

    def forward(self, images: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        """Descriptors, logits or (logits, embedding) of normalised images (B, 3, h, w)."""
        if not self.training:
            return self.describe(images)
        output = super().forward(images)
        return output.logits if self.loss == "softmax" else (output.logits, output.embedding)


@cache
def reid_factory(backbone: str) -> Callable[..., nn.Module]:
    """What stands in torchreid's model factory for the re-ID network on a backbone.

    Args:
        backbone: Name of a torchreid model.
    """

    def build(
        num_classes: int, loss: str = "softmax", pretrained: bool = True, use_gpu: bool = True
    ) -> nn.Module:
        return TorchreidReIDNetwork(backbone, num_classes, loss, pretrained)

    return build


def build_generator(
    num_classes: int = 0,
    loss: str = "softmax",
    pretrained: bool = False,
    use_gpu: bool = True,
    **options: object,
) -> nn.Module:
    """``posegan_generator``: the generator with this package's defaults.

    Args:
        num_classes: Not used; torchreid gives it.
        loss: Likewise.
        pretrained: There are no weights to load; a warning says so.
        use_gpu: Not used.
        **options: Of :class:`posegan_plugin.models.PoseTransferGenerator`; torchreid's
            ``build_model`` gives none.
    """
    if pretrained:
        warnings.warn(f"{GENERATOR} has no pretrained weights", stacklevel=2)
    return PoseTransferGenerator(**{"correspondence": "attention", "part_warp": True, **options})
