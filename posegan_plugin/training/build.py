"""Both halves of the objective from the plain values of a config."""

from __future__ import annotations

from collections.abc import Sequence

from posegan_plugin.errors import UserError
from posegan_plugin.losses import ObjectiveWeights, QuartetLoss, WeightRamp
from posegan_plugin.training.generation import GenerationObjective
from posegan_plugin.training.reid import ReIDObjective


def build_objectives(
    weights: dict[str, float] | None = None,
    adversarial: str = "bce",
    adversarial_ramp: Sequence[float] = (0.0, 0.0),
    semantic_ramp: Sequence[float] = (0.0, 0.0),
    semantic_through: str = "generated",
    perceptual_layers: Sequence[str] = (),
    perceptual_ramp: Sequence[float] = (0.0, 0.0),
    quartet: dict | None = None,
    quartet_ramp: Sequence[float] = (0.0, 0.0),
    quartet_people: str = "all",
    label_smoothing: float = 0.0,
) -> tuple[GenerationObjective, ReIDObjective]:
    """Build the objective of equation 14.

    Args:
        weights: ``adversarial``, ``reconstruction``, ``semantic``, ``quartet``, ``identity``,
            ``perceptual``, ``structural``; those left out are the paper's 5, 10, 10, 1, 1, 0, 0.
            ``semantic`` is that of embeddings scaled to a root mean square of 1, which is not in the
            paper: their own scale would be part of the weight.
        adversarial: ``bce``, ``lsgan`` or ``hinge``.
        adversarial_ramp: Start and end, in [0, 1] of the training, over which the adversarial
            weight rises from 0; (0, 0) is the paper's full weight from the first step.
        semantic_ramp: As ``adversarial_ramp``, for the semantic-consistency weight.
        semantic_through: See :func:`posegan_plugin.losses.semantic_consistency_loss`.
        perceptual_layers: Layers of the re-ID network that the perceptual loss compares, see
            :func:`posegan_plugin.training.feature_maps.captured`.
        perceptual_ramp: As ``adversarial_ramp``, for the perceptual weight.
        quartet: Options of :class:`posegan_plugin.losses.QuartetLoss`.
        quartet_ramp: As ``adversarial_ramp``, for the quartet weight. The configs let it rise, the
            paper's ablations too: a network trained from scratch collapses under it at once.
        quartet_people: Whose images quartets are made of, see :class:`ReIDObjective`.
        label_smoothing: Of real people's identity labels.

    Raises:
        UserError: An unknown name or a value outside its range.
    """
    if isinstance(perceptual_layers, str):  # a single one, from a command line
        perceptual_layers = (perceptual_layers,)
    try:
        terms = ObjectiveWeights(**(weights or {}))
        quartet_loss = QuartetLoss(**(quartet or {}))
    except TypeError as error:
        raise UserError(f"model objective: {error}") from error
    generation = GenerationObjective(
        terms,
        adversarial,
        _ramp("adversarial_ramp", adversarial_ramp),
        _ramp("semantic_ramp", semantic_ramp),
        semantic_through,
        tuple(perceptual_layers),
        _ramp("perceptual_ramp", perceptual_ramp),
    )
    ramp = _ramp("quartet_ramp", quartet_ramp)
    reid = ReIDObjective(terms, quartet_loss, ramp, label_smoothing, quartet_people)
    return generation, reid


def _ramp(key: str, value: Sequence[float]) -> WeightRamp:
    if not isinstance(value, Sequence) or len(value) != 2:
        raise UserError(f"model objective: {key}={value} must be (start, end)")
    return WeightRamp(*value)
