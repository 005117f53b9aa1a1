"""Any torchreid model as a plain feature extractor."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from posegan_plugin.errors import UserError
from posegan_plugin.for_torchreid.resolver import torchreid_module


class TorchreidBackbone(nn.Module):
    """A torchreid model by name, without its classifier.

    Args:
        name: A name from ``torchreid.models.show_avai_models()``, for example ``osnet_x1_0``.
        pretrained: Whether torchreid downloads ImageNet weights; nothing is downloaded otherwise.
        image_size: (height, width) of the images, to find the size of the features.

    Attributes:
        feature_dim: Length of the feature vector.

    Raises:
        UserError: Unknown name, a model that gives no single feature vector, or weights that could
            not be downloaded.
    """

    def __init__(
        self, name: str, pretrained: bool = False, image_size: tuple[int, int] = (256, 128)
    ) -> None:
        super().__init__()
        models = torchreid_module("models")
        known = sorted(vars(models)["__model_factory"])
        if name not in known:
            raise UserError(
                f"backbone name={name!r} is not a torchreid model; choose one of: {', '.join(known)}"
            )
        self.name = name
        try:
            # 'triplet' makes torchreid's models return (logits, features) while training.
            self.model = models.build_model(
                name, num_classes=1, loss="triplet", pretrained=pretrained, use_gpu=False
            )
        except OSError as error:
            raise UserError(
                f"the ImageNet weights of backbone {name!r} could not be downloaded ({error}); set "
                "pretrained=False"
            ) from error
        if isinstance(getattr(self.model, "classifier", None), nn.Linear):
            self.model.classifier = nn.Identity()  # ours follows; unused weights would stop DDP
        self.feature_dim = self._probe(image_size)

    def forward(self, images: Tensor) -> Tensor:
        """Feature vectors (B, feature_dim) of ImageNet-normalised images (B, 3, h, w)."""
        output = self.model(images)
        return output[1] if isinstance(output, tuple | list) else output

    def _probe(self, image_size: tuple[int, int]) -> int:
        probe = copy.deepcopy(self)  # training moves the running statistics
        shapes = []
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            for training in (True, False):
                output = probe.train(training)(torch.zeros(2, 3, *image_size))
                shapes.append(tuple(output.shape) if isinstance(output, Tensor) else None)
        if shapes[0] != shapes[1] or shapes[0] is None or len(shapes[0]) != 2:
            raise UserError(
                f"backbone {self.name!r} does not give one feature vector an image; choose another, "
                "for example osnet_x1_0 or resnet50"
            )
        return shapes[0][1]
