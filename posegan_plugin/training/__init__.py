"""The paper's objective, shared by every toolbox's engine."""

from posegan_plugin.training.build import build_objectives
from posegan_plugin.training.freeze import frozen
from posegan_plugin.training.generation import GenerationObjective, PosePairs
from posegan_plugin.training.mixing import add_generated, pairs_of_batch
from posegan_plugin.training.reid import ReIDObjective
from posegan_plugin.training.seed import seed_epoch

__all__ = [
    "GenerationObjective",
    "PosePairs",
    "ReIDObjective",
    "add_generated",
    "build_objectives",
    "frozen",
    "pairs_of_batch",
    "seed_epoch",
]
