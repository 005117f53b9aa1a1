"""Sizes of the benchmark, and what is tuned for each family of rows."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Preset:
    """A size of the benchmark; everything in it is the same for each row.

    Attributes:
        backbone: torchreid's name of the re-ID backbone.
        image_size: (height, width) that it sees.
        epochs: Those that are tried for the toolbox baseline; the first are those of all other
            trials, the middle ones the length of all rows where nothing is tuned.
        lrs: Learning rates that are tried.
        lr: The one that a search starts at, and where nothing is tuned that of all rows.
        joint: Overrides of the joint config, dotted: the sizes of its networks.
        discriminator: Options of the discriminators that a joint row has.
        people: Options of the procedural people, beside their size.
        batch: Real people a step.
        workers: Processes that load images for torchreid.
    """

    backbone: str
    image_size: tuple[int, int]
    epochs: tuple[int, int, int]
    lrs: tuple[float, ...]
    lr: float
    joint: dict = field(default_factory=dict)
    discriminator: dict = field(default_factory=lambda: {"channels": 32, "num_layers": 3})
    people: dict = field(default_factory=lambda: {"num_train_ids": 500, "num_test_ids": 100})
    batch: int = 64
    workers: int = 4

    @property
    def num_partners(self) -> int:
        """Second images in a batch of the rows that need two images of a person."""
        return self.batch // 4


_TINY_NETWORKS = {
    "model.generator.image_size": (32, 16),
    "model.generator.channels": 8,
    "model.generator.num_blocks": 2,
    "model.max_pairs": 4,
}
_FULL_NETWORKS = {
    "train_dataloader.dataset.image_size": (
        128,
        64,
    ),  # as stored; the re-ID network's input is larger
    "model.generator.image_size": (128, 64),
    "model.generator.channels": 128,
    "model.max_pairs": None,
}
PRESETS = {
    "tiny": Preset(
        "osnet_x0_25",
        (32, 16),
        epochs=(1, 2, 3),
        lrs=(1e-3, 2e-3),
        lr=2e-3,
        joint=_TINY_NETWORKS,
        discriminator={"channels": 4, "num_layers": 2},
        people={"num_train_ids": 15, "num_test_ids": 4, "num_cameras": 3, "cameras_per_id": 2},
        batch=12,
        workers=0,
    ),
    "small": Preset(
        "osnet_x0_25",
        (128, 64),
        epochs=(20, 40, 80),
        lrs=(1.5e-3, 3e-3, 6e-3, 1.2e-2),
        lr=6e-3,
        workers=2,
    ),
    "full": Preset(
        "osnet_x1_0",
        (256, 128),
        epochs=(30, 60, 120),
        lrs=(3.75e-4, 7.5e-4, 1.5e-3, 3e-3),
        lr=1.5e-3,
        joint=_FULL_NETWORKS,
        discriminator={"channels": 64, "num_layers": 4},
        workers=8,
    ),
}


@dataclass(frozen=True)
class Setting:
    """What is tuned.

    Attributes:
        lr: Learning rate of the re-ID network.
        epochs: Passes over the real training images.
        erase: Whether random rectangles are erased.
        knob: Value of the family's own option; ``None`` for the family that has none.
    """

    lr: float
    epochs: int
    erase: bool = False
    knob: object = None
