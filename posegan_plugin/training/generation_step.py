"""The generator's half of a joint step: draw people, judge them, say what is wrong with them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor, nn

from posegan_plugin.augment.policy import Encoder
from posegan_plugin.training.freeze import frozen
from posegan_plugin.training.generation import GenerationObjective, PosePairs
from posegan_plugin.training.wrapping import unwrap


class GenerationStep:
    """Losses of the generator and the discriminators, with each network in the right state.

    Args:
        generator: Draws people; this and the others may be wrapped.
        judges: Appearance and pose discriminator; ``None`` where one is left out.
        judges_train: Whether each of them is trained.
        encoder: The network behind ``encode``. These losses train it only with
            ``semantic_through='both'``, and only if it is not frozen.
        encode: Vectors of images (B, 3, H, W) in [-1, 1].
        objective: The losses.
        precision: Context of every forward pass.
    """

    def __init__(
        self,
        generator: nn.Module,
        judges: tuple[nn.Module | None, nn.Module | None],
        judges_train: tuple[bool, bool],
        encoder: nn.Module,
        encode: Encoder,
        objective: GenerationObjective,
        precision: Callable[[], AbstractContextManager],
    ) -> None:
        self.generator = generator
        self.judges = judges
        self.trained = [j if t else None for j, t in zip(judges, judges_train, strict=True)]
        self.encoder = encoder
        self.encode = encode
        self.objective = objective
        self.precision = precision

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) of what the generator takes and draws."""
        return unwrap(self.generator).image_size

    @property
    def moves_camera(self) -> bool:
        """Whether the generator is told the target's camera."""
        return bool(unwrap(self.generator).num_cameras)

    def draw(self, pairs: PosePairs) -> Tensor:
        """I_g of the pairs (K, 3, H, W), with a gradient path to the generator."""
        camera = pairs.target_camera if self.moves_camera else None
        with self.precision():
            return self.generator(pairs.condition, pairs.condition_pose, pairs.target_pose, camera)

    def discriminator_losses(
        self, pairs: PosePairs, generated: Tensor, progress: float
    ) -> dict[str, Tensor]:
        """Losses of the discriminators that train; none before the adversarial weight has risen."""
        if not self.objective.adversarial_weight(progress):
            return {}
        with self.precision():
            return self.objective.discriminator_losses(pairs, generated, *self.trained)

    def generator_losses(
        self, pairs: PosePairs, generated: Tensor, progress: float
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """The generator's weighted loss (equation 11), and the unweighted terms."""
        # Frozen networks have no gradients to exchange, which DistributedDataParallel insists on.
        judges = [unwrap(j) for j in self.judges]
        present = [j for j in judges if j is not None]
        trains = any(p.requires_grad for p in self.encoder.parameters())
        both = trains and self.objective.semantic_through == "both"
        encoder = nullcontext() if both else frozen(self.encoder, evaluation=True)
        with frozen(*present), encoder, self.precision():
            return self.objective.generator_losses(
                pairs,
                generated,
                progress,
                *judges,
                encode=self.encode,
                encoder=unwrap(self.encoder),
            )

    def encode_only(self, images: Tensor) -> Tensor:
        """``encode`` in evaluation mode, without gradient."""
        with torch.no_grad(), frozen(self.encoder, evaluation=True):
            return self.encode(images)
