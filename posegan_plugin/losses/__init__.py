"""The losses of the paper's section 3: one idea per file, a pure function and a thin class."""

from posegan_plugin.losses.adversarial import (
    AdversarialLoss,
    discriminator_loss,
    generator_loss,
)
from posegan_plugin.losses.distances import (
    mean_pairwise_distance,
    squared_distances,
    unit_embeddings,
)
from posegan_plugin.losses.identity import identity_loss
from posegan_plugin.losses.objective import ObjectiveWeights
from posegan_plugin.losses.perceptual import perceptual_loss
from posegan_plugin.losses.quartet import QuartetLoss, quartet_loss
from posegan_plugin.losses.quartets import hard_quartets, random_quartets
from posegan_plugin.losses.ramp import WeightRamp
from posegan_plugin.losses.reconstruction import reconstruction_loss
from posegan_plugin.losses.semantic import semantic_consistency_loss
from posegan_plugin.losses.structural import structural_loss

__all__ = [
    "AdversarialLoss",
    "ObjectiveWeights",
    "QuartetLoss",
    "WeightRamp",
    "discriminator_loss",
    "generator_loss",
    "hard_quartets",
    "identity_loss",
    "mean_pairwise_distance",
    "perceptual_loss",
    "quartet_loss",
    "random_quartets",
    "reconstruction_loss",
    "semantic_consistency_loss",
    "squared_distances",
    "structural_loss",
    "unit_embeddings",
]
