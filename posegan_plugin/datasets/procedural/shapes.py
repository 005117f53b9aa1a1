"""Solid shapes as flat polygons: capsules for limbs, lathes for trunk and head, boxes for bags."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from posegan_plugin.datasets.procedural.view import Projector

_HALF_CIRCLE = np.linspace(0.0, np.pi, 6)
# Corners of a box, and its faces as corner rows in the order in which an outside viewer sees them
# run anticlockwise on the picture.
_CORNERS = np.array([(r, f, u) for r in (-1, 1) for f in (-1, 1) for u in (-1, 1)], dtype=float)
_FACES = {
    "front": (2, 3, 7, 6),
    "back": (4, 5, 1, 0),
    "right": (6, 7, 5, 4),
    "left": (0, 1, 3, 2),
    "top": (1, 5, 7, 3),
}


def capsules(
    starts: np.ndarray, ends: np.ndarray, start_radii: np.ndarray, end_radii: np.ndarray
) -> np.ndarray:
    """Outlines of tapered limbs with round ends.

    Args:
        starts: One end of each, image plane, (N, 2).
        ends: The other end, (N, 2).
        start_radii: Radius at the start, (N,).
        end_radii: Radius at the end, (N,).

    Returns:
        Convex polygons, (N, 12, 2).
    """
    along = ends - starts
    angle = np.arctan2(along[:, 1], along[:, 0])[:, None]
    tail, tip = angle + np.pi / 2 + _HALF_CIRCLE, angle - np.pi / 2 + _HALF_CIRCLE
    tail_arc = np.stack((np.cos(tail), np.sin(tail)), axis=-1)
    tip_arc = np.stack((np.cos(tip), np.sin(tip)), axis=-1)
    return np.concatenate(
        (
            starts[:, None] + start_radii[:, None, None] * tail_arc,
            ends[:, None] + end_radii[:, None, None] * tip_arc,
        ),
        axis=1,
    )


@dataclass(frozen=True)
class Lathe:
    """A stack of elliptic slices: a trunk, a skirt, a head.

    Attributes:
        heights: Heights of the slices, rising, (S,).
        centres: Centres (right, forward) of the slices, (S, 2).
        radii: Half width and half depth of the slices, (S, 2).
        yaw: Turn about the vertical towards the person's right, radians.
    """

    heights: np.ndarray
    centres: np.ndarray
    radii: np.ndarray
    yaw: float = 0.0

    def facing(self, projector: Projector) -> float:
        """Azimuth, from the shape's own front to its right, that looks into the camera: radians."""
        width, depth = self.radii.max(axis=0)
        right, forward = -projector.rotation[2, :2]
        cos, sin = np.cos(self.yaw), np.sin(self.yaw)
        return float(
            np.arctan2((right * cos - forward * sin) / width, (right * sin + forward * cos) / depth)
        )

    def patch(
        self,
        projector: Projector,
        azimuth: float,
        half: float,
        low: float,
        high: float,
    ) -> np.ndarray | None:
        """Outline of the visible part of a patch of the surface.

        Args:
            projector: Where the camera is.
            azimuth: Middle of the patch, from the shape's own front to its right, radians.
            half: Half its extent, radians; pi goes all round.
            low: Lower edge, a height.
            high: Upper edge, a height.

        Returns:
            Polygon in the image plane (P, 2), or None if the camera does not see the patch.
        """
        facing = self.facing(projector)
        # Offset of the patch from the direction of the camera, -pi to pi.
        offset = (azimuth - facing + np.pi) % (2 * np.pi) - np.pi
        left, right = -np.pi / 2, np.pi / 2
        if half < np.pi:
            left, right = max(left, offset - half), min(right, offset + half)
        low, high = max(low, float(self.heights[0])), min(high, float(self.heights[-1]))
        if left >= right or low >= high:
            return None
        inner = self.heights[(self.heights > low) & (self.heights < high)]
        rows = np.concatenate(([low], inner, [high]))
        across = np.linspace(left, right, 3 + int(2 * (right - left)))
        # Round the outline: up one edge, along the top, down the other edge, back along the bottom.
        count, columns = len(rows), len(across)
        heights = np.concatenate(
            (rows, np.full(columns - 2, high), rows[::-1], np.full(columns - 2, low))
        )
        azimuths = facing + np.concatenate(
            (np.full(count, left), across[1:-1], np.full(count, right), across[-2:0:-1])
        )
        return projector.flat(self._surface(azimuths, heights))[0]

    def _surface(self, azimuths: np.ndarray, heights: np.ndarray) -> np.ndarray:
        radius_r, radius_f, centre_r, centre_f = (
            np.interp(heights, self.heights, values) for values in (*self.radii.T, *self.centres.T)
        )
        side, front = radius_r * np.sin(azimuths), radius_f * np.cos(azimuths)
        cos, sin = np.cos(self.yaw), np.sin(self.yaw)
        return np.stack(
            (
                centre_r + side * cos + front * sin,
                centre_f + front * cos - side * sin,
                heights,
            ),
            axis=-1,
        )


def box_faces(
    projector: Projector, centre: np.ndarray, half_size: np.ndarray
) -> dict[str, np.ndarray]:
    """The visible faces of an upright box.

    Args:
        projector: Where the camera is.
        centre: Centre, body frame, (3,).
        half_size: Half extents to the right, forward and up, (3,).

    Returns:
        Polygons in the image plane, (4, 2) each, by the name of the face ("front" is the person's
        front).
    """
    corners, _ = projector.flat(centre + _CORNERS * half_size)
    visible = {}
    for name, rows in _FACES.items():
        face = corners[list(rows)]
        first, second = face[1] - face[0], face[2] - face[0]
        if first[0] * second[1] - first[1] * second[0] < 0:
            visible[name] = face
    return visible
