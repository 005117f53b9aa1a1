"""What is tuned together: families of rows, and what all rows of one have in common."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Family:
    """Rows with one tuned setting.

    Attributes:
        row: The row that it is tuned on.
        toolbox: Whether torchreid trains it, else mmengine.
        options: Of all its rows, dotted: keys of ``tools/train_torchreid.py`` or of the joint config.
        knob: Its own option that is tuned, likewise; ``None``: the number of epochs.
        values: Those that are tried; as many as numbers of epochs. The first stands untuned.
    """

    row: str
    toolbox: bool
    options: dict = field(default_factory=dict)
    knob: str | None = None
    values: tuple = ()


_WEIGHTS = (1.0, 0.3, 0.1)
TARGETS = ("cross_camera", "any", "same_id")
"""Whose poses synthesised people may take."""
PAPER = {
    "model.reid.embedding_dim": 128,
    "model.reid.hidden_dim": 128,
    "model.generator.correspondence": None,
    "model.generator.part_warp": False,
    "model.condition_on_camera": False,
    "model.pose_discriminator": {"_delete_": True, "type": "PoseDiscriminator"},  # instead of None
    "model.objective.weights.adversarial": 5.0,
    "model.objective.weights.reconstruction": 10.0,
    "model.objective.weights.semantic": 10.0,
    "model.objective.weights.structural": 0.0,
    "model.objective.adversarial_ramp": (0.0, 0.0),
    "model.objective.semantic_ramp": (0.0, 0.0),
    "model.objective.quartet_ramp": (0.0, 0.05),
    "model.augment.ratio": 1.0,
    "model.augment.warmup": 0.0,
    "model.reid_to_generator": True,
}
"""What makes the joint config the paper's: its networks, losses and weights."""
SYNTHESIS_TARGET = "synthesis.target"
"""Stands among torchreid's keys: whose poses a set takes that is rendered before the training."""
SYNTHESIS_SHRUNK = "synthesis.shrunk"
"""Likewise: real people, only as small as the generator's, stand in for those that it would draw."""

FAMILIES = {
    "softmax": Family("softmax", True),
    "triplet": Family(
        "triplet",
        True,
        {
            # A batch must hold several images of a person, and torchreid has no other sampler for that.
            "sampler.train_sampler": "RandomIdentitySampler",
            "sampler.num_instances": 4,
            "loss.name": "triplet",
            "loss.triplet.weight_x": 1.0,
        },
        "loss.triplet.weight_t",
        _WEIGHTS,
    ),
    "quartet": Family(
        "quartet_random",
        True,
        {"posegan.mode": "quartet", "posegan.objective.quartet_ramp": [0.1, 0.3]},
        "posegan.objective.weights.quartet",
        _WEIGHTS,
    ),
    "online": Family(
        "online_4",
        True,
        {"posegan.mode": "online", "posegan.augment.ratio": 0.25},
        "posegan.augment.target",
        TARGETS,
    ),
    "offline": Family("offline", True, {}, SYNTHESIS_TARGET, TARGETS),
    "real_joint": Family(
        "real_joint",
        False,
        {"model.mode": "baseline"},
        "model.objective.weights.quartet",
        _WEIGHTS,
    ),
    "joint": Family("joint", False, PAPER, "model.augment.weight", _WEIGHTS),
    "correspondence": Family("correspondence", False, {}, "model.augment.weight", _WEIGHTS),
}
"""Families by name; the first is the real-only baseline, whose tuned epochs are those of all rows."""
