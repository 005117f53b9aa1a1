"""What is compared: sizes of the whole benchmark, and what each row of the table trains."""

from __future__ import annotations

from dataclasses import dataclass, field, replace


@dataclass(frozen=True)
class Preset:
    """A size of the benchmark; everything in it is the same for each row.

    Attributes:
        image_size: (height, width) of the generators.
        gmac: What a generator may cost an image, in 10^9 multiply-adds; widths follow from it.
        samples: Condition-target pairs that a row trains on, passes over the data rounded.
        pairs: Test pairs that are scored.
        batch: Condition-target pairs a step.
        encoder_epochs: Length of the training of the re-ID network in the losses.
        judge_epochs: Length of the training of the one that judges.
        reid: Overrides of the data set's config for the re-ID networks, dotted.
        discriminator: Options of both discriminators.
        people: Options of the procedural people, beside their size.
        amp: Whether generators and the judge train in bfloat16; E's depthwise convolutions do not gain.
    """

    image_size: tuple[int, int]
    gmac: float
    samples: int
    pairs: int
    batch: int
    encoder_epochs: int
    judge_epochs: int
    reid: dict = field(default_factory=dict)
    discriminator: dict = field(default_factory=lambda: {"channels": 32, "num_layers": 3})
    people: dict = field(default_factory=lambda: {"num_train_ids": 500, "num_test_ids": 80})
    amp: bool = True


_TINY_PEOPLE = {
    "num_train_ids": 12,
    "num_test_ids": 4,
    "num_cameras": 3,
    "images_per_camera": 2,
    "cameras_per_id": 3,
}
_TINY_BATCHES = {"_delete_": True, "type": "PartnerSampler", "num_images": 6, "num_partners": 2}
_SMALL = Preset(
    (64, 32),
    gmac=0.24,
    samples=25_000,
    pairs=3000,
    batch=16,
    encoder_epochs=20,
    judge_epochs=12,
)
PRESETS = {
    "tiny": Preset(
        (32, 16),
        gmac=0.004,
        samples=32,
        pairs=16,
        batch=4,
        encoder_epochs=1,
        judge_epochs=1,
        reid={"train_dataloader.batch_size": 8, "train_dataloader.sampler": _TINY_BATCHES},
        discriminator={"channels": 4, "num_layers": 2},
        people=_TINY_PEOPLE,
        amp=False,
    ),
    "small": _SMALL,
    "small128": replace(_SMALL, image_size=(128, 64), gmac=0.4, samples=20_000),
    "full": Preset(
        (128, 64),
        gmac=4.5,
        samples=2_000_000,
        pairs=4000,
        batch=32,
        encoder_epochs=60,
        judge_epochs=60,
        reid={"model.backbone.name": "osnet_x1_0", "model.reid_input.size": (256, 128)},
        discriminator={"channels": 64, "num_layers": 4},
    ),
}


@dataclass(frozen=True)
class Recipe:
    """What one row trains.

    Attributes:
        label: Its name in the table.
        generator: Config of the generator; ``channels`` follow from the preset if not given.
        camera: Whether the generator is told the target's camera.
        without: ``D_I``, ``D_P``, ``L_S`` that are left out.
        options: Further overrides of the config, dotted.
        judges: Options of the discriminators, beside the preset's.
        only: The preset that alone has this row.
    """

    label: str
    generator: dict
    camera: bool = False
    without: tuple[str, ...] = ()
    options: dict = field(default_factory=dict)
    judges: dict = field(default_factory=dict)
    only: str | None = None


_W = "model.objective.weights."
LOSSES = {
    f"{_W}adversarial": 0.1,
    f"{_W}semantic": 0.5,
    f"{_W}structural": 0.0,
    f"{_W}perceptual": 0.0,
    "model.objective.adversarial_ramp": (0.7, 0.9),
    "model.objective.semantic_ramp": (0.3, 0.5),
}
"""What a row trains with where its recipe says nothing else, whatever the package's defaults are."""

_PATN = {"type": "PATNGenerator", "num_blocks": 9}
_PAPER = {"type": "PoseTransferGenerator", "num_blocks": 4, "correspondence": None}
_OURS = {**_PAPER, "correspondence": "attention"}
_WARPED = {**_OURS, "part_warp": True}
_NO_GAN = ("D_I", "D_P")
_STRUCTURAL = {f"{_W}structural": 4.0}
_BEST = {**_STRUCTURAL, f"{_W}semantic": 6.0}

RECIPES = {
    "patn": Recipe("PATN", _PATN),
    "patn_full": Recipe("PATN, full size", {**_PATN, "channels": 256}, only="full"),
    "patn_camera": Recipe("PATN + camera", _PATN, camera=True),
    "patn_best": Recipe("PATN, trained as the best", _PATN, True, ("D_P",), _BEST),
    **{
        f"paper_{n}": Recipe(f"paper, {n} blocks", {**_PAPER, "num_blocks": n})
        for n in (4, 2, 3, 5)
    },
    **{
        f"paper_without_{part}": Recipe(f"paper, 4 blocks, no {part}", _PAPER, without=(part,))
        for part in ("D_I", "D_P", "L_S")
    },
    "correspondence": Recipe("correspondence", _OURS),
    "camera": Recipe("... + camera", _OURS, True),
    "no_judges": Recipe("... - D_I, D_P", _OURS, True, _NO_GAN),
    "structural": Recipe("... + structural loss", _OURS, True, _NO_GAN, _STRUCTURAL),
    "warp": Recipe("... + part warp", _WARPED, True, _NO_GAN, _STRUCTURAL),
    "semantic": Recipe("... + twelve times L_S", _WARPED, True, _NO_GAN, _BEST),
    "best": Recipe("... + D_I: the best", _WARPED, True, ("D_P",), _BEST),
    "best_spectral": Recipe(
        "the best, spectral norm in D_I",
        _WARPED,
        True,
        ("D_P",),
        _BEST,
        judges={"norm": "spectral"},
    ),
    "best_without_warp": Recipe("the best, no part warp", _OURS, True, ("D_P",), _BEST),
    "best_without_attention": Recipe(
        "the best, no attention", {**_PAPER, "part_warp": True}, True, ("D_P",), _BEST
    ),
}
"""The rows that are trained, by name."""

TRIVIAL = {
    "copy": "condition image",
    "blurred_copy": "blurred condition image",
    "mean_image": "mean training image",
    "camera_mean": "mean training image of the target's camera",
}
"""The rows that need no training, by name."""


def rows_of(preset: str) -> list[str]:
    """Names of the rows that a preset has, in the order of the table."""
    trained = [name for name, recipe in RECIPES.items() if recipe.only in (None, preset)]
    return [*TRIVIAL, *trained]
