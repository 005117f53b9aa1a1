"""The paper's objective, shared by every toolbox's engine."""

from posegan_plugin.training.build import build_objectives
from posegan_plugin.training.collapse import collapse_warning
from posegan_plugin.training.compilation import check_compiler, compile_networks
from posegan_plugin.training.finite import (
    NonFiniteError,
    check_gradients,
    check_losses,
    check_step,
    look_at_step,
    stop_training,
)
from posegan_plugin.training.freeze import frozen, running_statistics
from posegan_plugin.training.generation import GenerationObjective, PosePairs
from posegan_plugin.training.generation_step import GenerationStep
from posegan_plugin.training.interruption import StopSignals, remaining_batches
from posegan_plugin.training.mixing import add_generated, pairs_of_batch
from posegan_plugin.training.optimizers import with_fused
from posegan_plugin.training.random_state import random_state, restore_random_state
from posegan_plugin.training.reid import ReIDObjective
from posegan_plugin.training.seed import seed_epoch
from posegan_plugin.training.weight_decay import spare_from_decay
from posegan_plugin.training.wrapping import unwrap

__all__ = [
    "GenerationObjective",
    "GenerationStep",
    "NonFiniteError",
    "PosePairs",
    "ReIDObjective",
    "StopSignals",
    "add_generated",
    "build_objectives",
    "check_compiler",
    "check_gradients",
    "check_losses",
    "check_step",
    "collapse_warning",
    "compile_networks",
    "frozen",
    "look_at_step",
    "pairs_of_batch",
    "random_state",
    "remaining_batches",
    "restore_random_state",
    "running_statistics",
    "seed_epoch",
    "spare_from_decay",
    "stop_training",
    "unwrap",
    "with_fused",
]
