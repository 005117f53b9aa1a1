"""The losses of the generator and the discriminators (equations 7 to 11)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor, nn

from posegan_plugin.errors import UserError
from posegan_plugin.losses import (
    AdversarialLoss,
    ObjectiveWeights,
    WeightRamp,
    perceptual_loss,
    reconstruction_loss,
    semantic_consistency_loss,
    structural_loss,
    unit_embeddings,
)
from posegan_plugin.pose import render_heatmaps
from posegan_plugin.training.feature_maps import captured


@dataclass
class PosePairs:
    """K condition-target pairs of one person each, at the generator's size.

    Attributes:
        condition: I_c (K, 3, H, W) in [-1, 1].
        condition_pose: (K, 18, 3) in pixels.
        target: I_t (K, 3, H, W).
        target_pose: (K, 18, 3).
        target_camera: (K,).
    """

    condition: Tensor
    condition_pose: Tensor
    target: Tensor
    target_pose: Tensor
    target_camera: Tensor

    @cached_property
    def target_maps(self) -> Tensor:
        """P_t (K, 18, H, W), which the pose discriminator sees in both of its steps."""
        size = tuple(self.target.shape[-2:])
        return render_heatmaps(self.target_pose, size, size)


class GenerationObjective(nn.Module):
    """Adversarial, reconstruction and semantic-consistency terms.

    A discriminator given as ``None`` is left out (the paper's table 3), as is the
    semantic-consistency, the perceptual and the structural term at weight 0.

    Args:
        weights: Weights of all terms; all but ``quartet`` and ``identity`` are used.
        adversarial: ``bce``, ``lsgan`` or ``hinge``.
        adversarial_ramp: Factor on the adversarial weight over the training; while it is 0 the
            discriminators are neither run nor trained.
        semantic_ramp: Factor on the semantic-consistency weight, likewise.
        semantic_through: See :func:`posegan_plugin.losses.semantic_consistency_loss`.
        perceptual_layers: Layers of the encoder that the perceptual loss compares.
        perceptual_ramp: Factor on the perceptual weight, likewise.

    Raises:
        UserError: An unknown name, or a perceptual weight without layers.
    """

    def __init__(
        self,
        weights: ObjectiveWeights | None = None,
        adversarial: str = "bce",
        adversarial_ramp: WeightRamp | None = None,
        semantic_ramp: WeightRamp | None = None,
        semantic_through: str = "generated",
        perceptual_layers: tuple[str, ...] = (),
        perceptual_ramp: WeightRamp | None = None,
    ) -> None:
        super().__init__()
        self.weights = weights or ObjectiveWeights()
        self.adversarial = AdversarialLoss(adversarial)
        self.adversarial_ramp = adversarial_ramp or WeightRamp()
        if semantic_through not in ("generated", "both"):
            raise UserError(
                f"model objective: semantic_through={semantic_through!r} is unknown; choose "
                "'generated' or 'both'"
            )
        self.semantic_ramp = semantic_ramp or WeightRamp()
        self.semantic_through = semantic_through
        if self.weights.perceptual and not perceptual_layers:
            raise UserError(
                "model objective: the weight 'perceptual' needs perceptual_layers, names of layers of "
                "the re-ID network"
            )
        self.perceptual_layers = perceptual_layers
        self.perceptual_ramp = perceptual_ramp or WeightRamp()

    def adversarial_weight(self, progress: float) -> float:
        """lambda_GAN at ``progress`` in [0, 1] of the training."""
        return self.weights.adversarial * self.adversarial_ramp(progress)

    def discriminator_losses(
        self,
        pairs: PosePairs,
        generated: Tensor,
        appearance: nn.Module | None,
        pose: nn.Module | None,
    ) -> dict[str, Tensor]:
        """Losses that the discriminators minimise, ``loss_D_I`` and ``loss_D_P``.

        Args:
            pairs: The real pairs.
            generated: I_g (K, 3, H, W); detached here.
            appearance: D_I.
            pose: D_P.
        """
        judged = torch.cat((pairs.target, generated.detach()))
        losses = {}
        for name, network, given in self._judges(pairs, appearance, pose):
            real, fake = network(torch.cat((given, given)), judged).chunk(2)
            losses[f"loss_{name}"] = self.adversarial.discriminator(real, fake)
        return losses

    def generator_losses(
        self,
        pairs: PosePairs,
        generated: Tensor,
        progress: float,
        appearance: nn.Module | None,
        pose: nn.Module | None,
        encode: Callable[[Tensor], Tensor],
        encoder: nn.Module | None = None,
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Losses that the generator minimises.

        The caller has frozen the discriminators and, unless ``semantic_through`` is ``both``, E.

        Args:
            pairs: The real pairs.
            generated: I_g (K, 3, H, W) with a gradient path to the generator.
            progress: Share of the training that is done, in [0, 1].
            appearance: D_I.
            pose: D_P.
            encode: E: images (B, 3, H, W) in [-1, 1] -> vectors (B, D); their lengths do not matter.
            encoder: The network behind it, whose layers the perceptual loss compares.

        Returns:
            The weighted sum (equation 11), and the unweighted terms.
        """
        losses = {"loss_R": reconstruction_loss(generated, pairs.target)}
        total = self.weights.reconstruction * losses["loss_R"]
        if self.weights.structural > 0:
            losses["loss_SSIM"] = structural_loss(generated, pairs.target)
            total = total + self.weights.structural * losses["loss_SSIM"]
        adversarial = self.adversarial_weight(progress)
        if adversarial > 0:
            for name, network, given in self._judges(pairs, appearance, pose):
                losses[f"loss_G_{name[-1]}"] = self.adversarial.generator(network(given, generated))
                total = total + adversarial * losses[f"loss_G_{name[-1]}"]
        semantic = self.weights.semantic * self.semantic_ramp(progress)
        perceptual = self.weights.perceptual * self.perceptual_ramp(progress)
        if not (semantic > 0 or perceptual > 0):
            return total, losses
        layers = self.perceptual_layers if perceptual > 0 else ()
        with captured(encoder, layers) as drawn:
            found = encode(generated)
        if semantic > 0:
            with torch.set_grad_enabled(self.semantic_through == "both"):
                wanted = encode(pairs.condition)
            losses["loss_S"] = semantic_consistency_loss(
                _unit_scale(wanted), _unit_scale(found), self.semantic_through
            )
            total = total + semantic * losses["loss_S"]
        if perceptual > 0:
            with torch.no_grad(), captured(encoder, layers) as real:
                encode(pairs.target)
            losses["loss_F"] = perceptual_loss(drawn, real)
            total = total + perceptual * losses["loss_F"]
        return total, losses

    def _judges(
        self, pairs: PosePairs, appearance: nn.Module | None, pose: nn.Module | None
    ) -> list[tuple[str, nn.Module, Tensor]]:
        """Name, network and what it is given beside the judged image, for each discriminator."""
        judges = []
        if appearance is not None:
            judges.append(("D_I", appearance, pairs.condition))
        if pose is not None:
            judges.append(("D_P", pose, pairs.target_maps))
        return judges


def _unit_scale(embeddings: Tensor) -> Tensor:
    """Embeddings (B, D) with components of root mean square 1.

    Nothing controls the scale of E's output, and it would become the weight of the term.
    """
    return unit_embeddings(embeddings) * embeddings.shape[1] ** 0.5
