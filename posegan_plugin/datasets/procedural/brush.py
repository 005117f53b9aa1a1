"""Turns solid shapes into shaded polygons: the one place that knows where the light comes from."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

import numpy as np

from posegan_plugin.datasets.procedural.people import Colour, Person
from posegan_plugin.datasets.procedural.shapes import Lathe, capsules
from posegan_plugin.datasets.procedural.skeleton3d import NECK, PELVIS
from posegan_plugin.datasets.procedural.view import Projector

# A polygon in the image plane (P, 2) and its RGB colour.
Shape = tuple[np.ndarray, tuple[float, float, float]]
# Start (3,), end (3,), radius at the start and at the end, colour.
Limb = tuple[np.ndarray, np.ndarray, float, float, Colour]

_SHADE, _OUTLINE, _LIT = 0.82, 0.84, 1.06
# Where the shade of a trunk lies: azimuth from the camera's direction, and half its extent.
_SHADE_AT, _SHADE_HALF = 1.2, 0.75


@dataclass(frozen=True)
class Brush:
    """Draws the parts of one person in one pose as one camera sees them.

    Attributes:
        person: Who it is.
        joints: The body's points from `pose_joints`, (25, 3).
        head_yaw: Turn of the head against the trunk, radians.
        projector: Where the camera is.
        light: 1 if the light comes from the image's right, -1 if from its left.
    """

    person: Person
    joints: np.ndarray
    head_yaw: float
    projector: Projector
    light: int

    def depth(self, point: np.ndarray) -> float:
        """How far a body-frame point (3,) lies behind the spine as the camera sees it.

        Body heights, along the ground: what is beside the trunk has depth 0 at any height.
        """
        pelvis, spine = self.joints[PELVIS], self.joints[NECK] - self.joints[PELVIS]
        centre = max(0.0, (point[2] - pelvis[2]) / spine[2]) * spine[:2]
        return float((point[:2] - centre) @ self.projector.rotation[2, :2])

    def segment(
        self, start: np.ndarray, end: np.ndarray, r0: float, r1: float, colour: Colour
    ) -> Limb:
        """A limb from `start` to `end` (3,), its radii scaled with the person's girth."""
        girth = self.person.proportions.girth**0.5
        return start, end, r0 * girth, r1 * girth, colour

    def limbs(self, limbs: list[Limb]) -> list[Shape]:
        """Rounded limbs, painted in the order given."""
        points = np.array([(start, end) for start, end, *_ in limbs])
        radii = np.array([(r0, r1) for _, _, r0, r1, _ in limbs])
        flat, zoom = self.projector.flat(points)
        radii = radii * zoom
        dark = capsules(flat[:, 0], flat[:, 1], radii[:, 0], radii[:, 1])
        # A narrower, lighter copy on the side of the light makes a cylinder of the outline.
        inner = flat + np.stack((0.3 * self.light * radii, np.zeros_like(radii)), axis=-1)
        lit = capsules(inner[:, 0], inner[:, 1], 0.68 * radii[:, 0], 0.68 * radii[:, 1])
        shapes: list[Shape] = []
        # Neighbours of one colour are one piece of cloth: no seam of shade at the joint.
        for colour, rows in groupby(range(len(limbs)), key=lambda row: limbs[row][4]):
            piece = list(rows)
            shapes += [(dark[row], toned(colour, _OUTLINE)) for row in piece]
            shapes += [(lit[row], toned(colour, _LIT)) for row in piece]
        return shapes

    def wrap(self, lathe: Lathe, low: float, high: float, colour: Colour) -> list[Shape]:
        """A band all round a lathe, from the height `low` to `high`."""
        return self.patch(lathe, 0.0, np.pi, low, high, colour)

    def patch(
        self, lathe: Lathe, azimuth: float, half: float, low: float, high: float, colour: Colour
    ) -> list[Shape]:
        """What is seen of a patch of a lathe, as in `Lathe.patch`, and its part in the shade."""
        whole = lathe.patch(self.projector, azimuth, half, low, high)
        if whole is None:
            return []
        shapes: list[Shape] = [(whole, toned(colour, 1.0))]
        # Seen from outside, azimuth grows towards the image's left.
        shade = lathe.facing(self.projector) + self.light * _SHADE_AT
        first, last = -_SHADE_HALF, _SHADE_HALF
        if half < np.pi:
            offset = (azimuth - shade + np.pi) % (2 * np.pi) - np.pi
            first, last = max(first, offset - half), min(last, offset + half)
        if first < last:
            middle = shade + (first + last) / 2
            part = lathe.patch(self.projector, middle, (last - first) / 2, low, high)
            if part is not None:
                shapes.append((part, toned(colour, _SHADE)))
        return shapes


def toned(colour: Colour, factor: float) -> tuple[float, float, float]:
    """A colour made darker (factor below 1) or lighter, for painting."""
    red, green, blue = colour
    return red * factor, green * factor, blue * factor


def mixed(colour: Colour, factor: float) -> Colour:
    """A colour made darker (factor below 1) or lighter, in whole numbers."""
    red, green, blue = colour
    return int(red * factor), int(green * factor), int(blue * factor)
