"""The dressed trunk: shirt or jacket with its pattern, seat of the trousers, skirt."""

from __future__ import annotations

import numpy as np

from posegan_plugin.datasets.procedural import skeleton3d as sk
from posegan_plugin.datasets.procedural.brush import Brush, Shape
from posegan_plugin.datasets.procedural.shapes import Lathe


def lower_body(brush: Brush) -> list[Shape]:
    """Seat of the trousers, or the skirt."""
    person = brush.person
    pelvis, hips = brush.joints[sk.PELVIS, 2], person.proportions.hips
    girth = person.proportions.girth**0.5
    if person.lower_style == "skirt":
        spread = 0.02 + 0.12 * float(np.ptp(brush.joints[list(sk.KNEE), 1]))
        lathe = _trunk_lathe(
            brush,
            [
                (pelvis - 0.2, hips + 0.062, 0.075 * girth + spread),
                (pelvis - 0.02, hips + 0.05, 0.07 * girth),
                (pelvis + 0.08, hips + 0.03, 0.055 * girth),
            ],
        )
    else:
        lathe = _trunk_lathe(
            brush,
            [
                (pelvis - 0.06, 0.05, 0.045),
                (pelvis - 0.02, hips + 0.046 * girth, 0.068 * girth),
                (pelvis + 0.08, hips + 0.03, 0.055 * girth),
            ],
        )
    return brush.wrap(lathe, 0.0, 1.0, person.lower)


def trunk(brush: Brush) -> list[Shape]:
    """Upper clothes from the hem to the neck."""
    person = brush.person
    body, pelvis = person.proportions, brush.joints[sk.PELVIS, 2]
    girth, top = body.girth**0.5, brush.joints[sk.NECK, 2]
    hem = pelvis + person.hem - sk.HIP_HEIGHT
    hip_width = (body.hips + 0.046) * (0.6 + 0.4 * girth)
    lathe = _trunk_lathe(
        brush,
        [
            (hem, hip_width + 0.006, 0.074 * girth),
            (pelvis + 0.02, hip_width, 0.07 * girth),
            (
                pelvis + 0.11,
                (0.5 * body.hips + 0.4 * body.shoulders + 0.02) * girth,
                0.062 * girth,
            ),
            (top - 0.09, 0.88 * body.shoulders * (0.7 + 0.3 * girth), 0.072 * girth),
            (top - 0.01, body.shoulders + 0.004, 0.05),
            (top + 0.02, 0.72 * body.shoulders, 0.042),
            (top + 0.04, 0.034, 0.034),
        ],
    )
    shapes = brush.wrap(lathe, hem, top + 0.04, person.upper)
    shapes += _pattern(brush, lathe, hem, top)
    # A low neckline in front shows a little skin.
    return shapes + brush.patch(lathe, 0.0, 0.5, top + 0.012, top + 0.04, person.skin)


def _pattern(brush: Brush, lathe: Lathe, hem: float, top: float) -> list[Shape]:
    person, fine = brush.person, brush.person.pattern_size
    accent, shapes = person.accent, []
    if person.pattern in ("stripes", "checks"):
        period = 0.12 - 0.05 * fine
        thin = 0.5 if person.pattern == "stripes" else 0.28
        if person.pattern == "checks":
            columns = 5 + round(3 * fine)
            for column in range(columns):
                angle = 2 * np.pi * (column + 0.5) / columns
                shapes += brush.patch(lathe, angle, 0.9 / columns, hem, top, accent)
        for low in np.arange(hem + 0.03, top, period):
            shapes += brush.wrap(lathe, low, low + thin * period, accent)
    elif person.pattern == "open_jacket":
        shapes += brush.patch(lathe, 0.0, 0.3 + 0.25 * fine, hem, top + 0.03, accent)
    elif person.pattern in ("print", "back_print"):
        azimuth = 0.0 if person.pattern == "print" else np.pi
        half, size = 0.5 + 0.3 * fine, 0.035 + 0.06 * (1.0 - fine)
        middle = top - 0.12
        shapes += brush.patch(lathe, azimuth, half, middle - size, middle + size, accent)
    return shapes


def _trunk_lathe(brush: Brush, slices: list[tuple[float, float, float]]) -> Lathe:
    """A lathe about the leaning spine from (height, half width, half depth) slices."""
    values = np.array(slices)
    spine = brush.joints[sk.NECK] - brush.joints[sk.PELVIS]
    rise = np.clip(values[:, 0] - brush.joints[sk.PELVIS, 2], 0.0, None) / spine[2]
    centres = np.stack((np.zeros(len(values)), rise * spine[1]), axis=1)
    return Lathe(values[:, 0], centres, values[:, 1:])
