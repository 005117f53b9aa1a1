"""The re-ID network (sections 3.7, 4): a backbone, an embedding and a classifier."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor, nn

from posegan_plugin.errors import UserError
from posegan_plugin.models.layers import check_rate

DESCRIPTORS = ("feature", "embedding")


class ReIDOutput(NamedTuple):
    """What the re-ID network says of B images.

    Attributes:
        feature: The backbone's feature vectors (B, F).
        embedding: (B, 128), or the feature vectors again: quartet loss.
        logits: (B, num_identities): identification loss.
    """

    feature: Tensor
    embedding: Tensor
    logits: Tensor


class ReIDNetwork(nn.Module):
    """Backbone + embedding layer + classifier.

    Args:
        backbone: A module (B, 3, h, w) -> (B, F) with the attribute ``feature_dim`` = F.
        num_identities: Training identities.
        embedding_dim: Size of the embedding layer (paper: 128); ``None`` for no such layer: the quartet
            loss then works on the feature itself, which retrieval compares.
        hidden_dim: Size of the classifier's middle layer (paper: 128); ``None`` for a classifier that
            is linear in the feature, as torchreid's.
        dropout: Dropout rate of the classifier (paper: 0.5).
        descriptor: What :meth:`describe` returns, for retrieval and as the encoder E of the
            semantic-consistency loss: ``feature`` (the backbone's vector,
            which both losses shape) or ``embedding``.

    Attributes:
        no_weight_decay: Layers that an optimiser's weight decay must leave alone, see
            :func:`posegan_plugin.training.spare_from_decay`.

    Raises:
        UserError: Unknown descriptor, a size that is none, or a rate outside [0, 1].
    """

    no_weight_decay = ("embedding",)

    def __init__(
        self,
        backbone: nn.Module,
        num_identities: int,
        embedding_dim: int | None = 128,
        hidden_dim: int | None = 128,
        dropout: float = 0.5,
        descriptor: str = "feature",
    ) -> None:
        super().__init__()
        if descriptor not in DESCRIPTORS:
            raise UserError(
                f"re-ID descriptor={descriptor!r} is unknown; choose one of {', '.join(DESCRIPTORS)}"
            )
        for name, size in (("embedding_dim", embedding_dim), ("hidden_dim", hidden_dim)):
            if size is not None and (not isinstance(size, int) or size < 1):
                raise UserError(f"re-ID {name}={size!r} must be a whole number from 1 on, or None")
        check_rate("re-ID dropout", dropout)
        features = int(backbone.feature_dim)
        self.descriptor = descriptor
        self.backbone = backbone
        self.embedding = (
            nn.Identity() if embedding_dim is None else nn.Linear(features, embedding_dim)
        )
        if hidden_dim is None:
            layers = [nn.Dropout(dropout), nn.Linear(features, num_identities)]
        else:
            layers = [
                nn.Linear(features, hidden_dim),
                nn.BatchNorm1d(hidden_dim),
                nn.Dropout(dropout),
                nn.ReLU(inplace=True),
                nn.Linear(hidden_dim, num_identities),
            ]
        self.classifier = nn.Sequential(*layers)

    def forward(self, images: Tensor) -> ReIDOutput:
        """Features, embeddings and logits of images (B, 3, h, w) with ImageNet normalisation."""
        feature = self.backbone(images)
        return ReIDOutput(feature, self.embedding(feature), self.classifier(feature))

    def describe(self, images: Tensor) -> Tensor:
        """The descriptors that retrieval and equation 10 compare, (B, D), of images (B, 3, h, w)."""
        feature = self.backbone(images)
        return feature if self.descriptor == "feature" else self.embedding(feature)
