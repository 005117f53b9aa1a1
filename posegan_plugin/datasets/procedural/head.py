"""The head: face, hair, cap."""

from __future__ import annotations

import numpy as np

from posegan_plugin.datasets.procedural import skeleton3d as sk
from posegan_plugin.datasets.procedural.brush import Brush, Shape, mixed
from posegan_plugin.datasets.procedural.shapes import Lathe


def head(brush: Brush) -> list[Shape]:
    """Face, short hair and cap."""
    person, size = brush.person, brush.person.proportions.head
    middle = brush.joints[sk.HEAD]
    levels = np.linspace(-1.0, 1.0, 9)
    # An egg: the chin is narrower than the crown.
    ring = np.sqrt(np.clip(1.0 - levels**2, 0.0, None)) * (1.0 + 0.1 * levels)
    lathe = Lathe(
        middle[2] + sk.HEAD_HALF_HEIGHT * size * levels,
        np.tile(middle[:2], (9, 1)),
        np.maximum(ring, 0.02)[:, None] * (sk.HEAD_RADIUS * size, 1.12 * sk.HEAD_RADIUS * size),
        brush.head_yaw,
    )

    def level(share: float) -> float:
        return middle[2] + sk.HEAD_HALF_HEIGHT * size * share

    hair = person.skin if person.hair_style == "bald" else person.hair
    shapes = brush.wrap(lathe, level(-1), level(1), person.skin)
    if person.hair_style != "bald":
        nape = -0.75 if person.hair_style == "long" else -0.35
        shapes += brush.patch(lathe, np.pi, 1.45, level(nape), level(1), hair)
        shapes += brush.wrap(lathe, level(0.45), level(1), hair)
    if person.hair_style == "cap":
        shapes += brush.wrap(lathe, level(0.3), level(1), person.accent)
        shapes += brush.patch(lathe, 0.0, 0.9, level(0.2), level(0.42), mixed(person.accent, 0.6))
    for azimuth in (0.42, -0.42):
        shapes += brush.patch(
            lathe, azimuth, 0.15, level(0.07), level(0.22), mixed(person.skin, 0.35)
        )
    return shapes + brush.patch(lathe, 0.0, 0.3, level(-0.6), level(-0.47), mixed(person.skin, 0.6))


def loose_hair(brush: Brush) -> list[tuple[float, list[Shape]]]:
    """Hair that hangs behind the head: its depth (positive is behind the head) and shapes."""
    person, middle = brush.person, brush.joints[sk.HEAD]
    if person.hair_style not in ("long", "ponytail"):
        return []
    back = -np.array((np.sin(brush.head_yaw), np.cos(brush.head_yaw), 0.0))
    thick = 0.046 if person.hair_style == "long" else 0.02
    root = middle + 0.03 * back + (0.0, 0.0, 0.01)
    tip = middle + (0.035 if thick > 0.03 else 0.065) * back - (0.0, 0.0, 0.13)
    depth = float(back @ brush.projector.rotation[2])
    return [(depth, brush.limbs([brush.segment(root, tip, thick, 0.75 * thick, person.hair)]))]
