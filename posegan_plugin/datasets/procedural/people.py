"""Identities: how a procedural person is built and dressed, whatever the camera and the pose."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np

from posegan_plugin.datasets.procedural.skeleton3d import Proportions

Colour = tuple[int, int, int]

# Small pools of muted colours that many people share: colour alone must not tell them apart.
FABRICS: tuple[Colour, ...] = (
    (118, 120, 122),  # grey
    (66, 67, 72),  # charcoal
    (58, 68, 96),  # navy
    (100, 104, 76),  # olive
    (118, 70, 72),  # burgundy
    (168, 156, 134),  # beige
    (100, 116, 138),  # slate blue
    (112, 90, 74),  # brown
    (98, 122, 106),  # dusty green
    (190, 188, 182),  # off-white
)
LOWER_FABRICS: tuple[Colour, ...] = (
    (58, 59, 64),
    (54, 62, 86),
    (88, 102, 126),
    (112, 112, 112),
    (150, 138, 116),
    (94, 78, 66),
)
HAIR: tuple[Colour, ...] = (
    (38, 34, 34),
    (66, 50, 42),
    (104, 80, 60),
    (146, 124, 92),
    (134, 132, 130),
)
SKIN: tuple[Colour, ...] = (
    (214, 180, 156),
    (196, 158, 132),
    (166, 126, 100),
    (128, 94, 74),
    (96, 70, 56),
)
SHOES: tuple[Colour, ...] = ((44, 42, 44), (88, 72, 60), (176, 174, 170), (96, 100, 108))

HairStyle = Literal["bald", "short", "long", "ponytail", "cap"]
Pattern = Literal["plain", "stripes", "checks", "print", "back_print", "open_jacket"]
LowerStyle = Literal["trousers", "shorts", "skirt"]
Bag = Literal["none", "backpack", "right_bag", "left_bag"]

_HAIR_STYLES: tuple[HairStyle, ...] = ("bald", "short", "long", "ponytail", "cap")
_PATTERNS: tuple[Pattern, ...] = (
    "plain",
    "stripes",
    "checks",
    "print",
    "back_print",
    "open_jacket",
)
_LOWER_STYLES: tuple[LowerStyle, ...] = ("trousers", "shorts", "skirt")
_BAGS: tuple[Bag, ...] = ("none", "backpack", "right_bag", "left_bag")


@dataclass(frozen=True)
class Person:
    """One identity.

    Lengths are fractions of the body height; colours are RGB, 0 to 255, under neutral light.

    Attributes:
        proportions: Lengths of the body.
        skin: Skin colour.
        hair: Hair colour.
        hair_style: How the hair (or the cap) is worn.
        upper: Main colour of the upper clothes.
        accent: Second colour: stripes, checks, prints, the shirt under an open jacket, the cap.
        pattern: Pattern of the upper clothes; prints are on one side of the body only.
        pattern_size: Fineness of the pattern, 0 (coarse or large) to 1 (fine or small).
        sleeve: Share of the arm that is covered: about 0.3 for short sleeves, 1 for long ones.
        hem: Height at which the upper clothes end.
        lower: Main colour of the lower clothes.
        lower_style: Cut of the lower clothes.
        side_stripe: Whether the trousers' outer seams have a stripe in the accent colour.
        shoes: Colour of the shoes.
        bag: What is carried; a bag is on one side of the body.
        bag_colour: Its colour.
    """

    proportions: Proportions
    skin: Colour
    hair: Colour
    hair_style: HairStyle
    upper: Colour
    accent: Colour
    pattern: Pattern
    pattern_size: float
    sleeve: float
    hem: float
    lower: Colour
    lower_style: LowerStyle
    side_stripe: bool
    shoes: Colour
    bag: Bag
    bag_colour: Colour


@lru_cache(maxsize=4096)
def make_person(seed: int, pid: int) -> Person:
    """Draws one identity; the same for every call, in every process.

    Args:
        seed: Seed of the data set.
        pid: Number of the identity, 1 or more.

    Returns:
        The person.
    """
    rng = np.random.default_rng([seed, 1, pid])
    upper, accent = rng.choice(len(FABRICS), 2, replace=False)
    jacket = rng.random() < 0.3
    return Person(
        proportions=Proportions(
            shoulders=rng.uniform(0.095, 0.122),
            hips=rng.uniform(0.046, 0.058),
            legs=rng.uniform(0.94, 1.05),
            head=rng.uniform(0.93, 1.1),
            girth=rng.uniform(0.85, 1.25),
        ),
        skin=_pick(rng, SKIN),
        hair=_pick(rng, HAIR),
        hair_style=_HAIR_STYLES[rng.choice(5, p=[0.08, 0.4, 0.22, 0.15, 0.15])],
        upper=FABRICS[upper],
        accent=FABRICS[accent],
        pattern=_PATTERNS[rng.choice(6, p=[0.25, 0.2, 0.15, 0.15, 0.1, 0.15])],
        pattern_size=rng.uniform(0.0, 1.0),
        sleeve=1.0 if jacket or rng.random() < 0.5 else rng.uniform(0.24, 0.42),
        hem=rng.uniform(0.4, 0.47) if jacket else rng.uniform(0.47, 0.5),
        lower=_pick(rng, LOWER_FABRICS),
        lower_style=_LOWER_STYLES[rng.choice(3, p=[0.6, 0.22, 0.18])],
        side_stripe=bool(rng.random() < 0.2),
        shoes=_pick(rng, SHOES),
        bag=_BAGS[rng.choice(4, p=[0.45, 0.27, 0.14, 0.14])],
        bag_colour=_pick(rng, FABRICS),
    )


def _pick(rng: np.random.Generator, pool: tuple[Colour, ...]) -> Colour:
    return pool[rng.integers(len(pool))]
