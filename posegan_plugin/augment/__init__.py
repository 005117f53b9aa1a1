"""People in new poses in a batch, and what else happens to a batch on the training device."""

from posegan_plugin.augment.flip import random_flip
from posegan_plugin.augment.pairs import sample_pairs
from posegan_plugin.augment.person_batch import PersonBatch
from posegan_plugin.augment.policy import SynthesisPolicy
from posegan_plugin.augment.pose_transfer import PoseTransferAugment, transfer
from posegan_plugin.augment.reid_input import ReIDInput, random_crop, random_erase

__all__ = [
    "PersonBatch",
    "PoseTransferAugment",
    "ReIDInput",
    "SynthesisPolicy",
    "random_crop",
    "random_erase",
    "random_flip",
    "sample_pairs",
    "transfer",
]
