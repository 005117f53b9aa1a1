"""How a body in three dimensions falls onto the picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class View:
    """A camera's look at a body, up to the crop.

    Attributes:
        heading: Where the person faces, radians: 0 towards the camera, pi/2 to the image's right,
            pi away from the camera, 3 pi/2 to the image's left.
        elevation: Angle of the camera above the horizontal, radians.
        distance: Distance of the camera in body heights.
    """

    heading: float
    elevation: float
    distance: float

    def matrix(self) -> np.ndarray:
        """Rotation from body axes (right, forward, up) to (image right, image up, away): (3, 3)."""
        sin, cos = np.sin(self.heading), np.cos(self.heading)
        right, away = np.array((-cos, sin, 0.0)), np.array((-sin, -cos, 0.0))
        up = np.array((0.0, 0.0, 1.0))
        tilt_sin, tilt_cos = np.sin(self.elevation), np.cos(self.elevation)
        return np.stack((right, up * tilt_cos + away * tilt_sin, away * tilt_cos - up * tilt_sin))


@dataclass(frozen=True)
class Projector:
    """Body frame to picture: rotation, perspective and crop.

    Attributes:
        rotation: Rows image right, image up, away from the camera: (3, 3).
        distance: Distance of the camera in body heights.
        scale: Pixels per body height along x and y.
        offset: Picture position of the body's middle, pixels.
    """

    rotation: np.ndarray
    distance: float
    scale: tuple[float, float]
    offset: tuple[float, float]

    def flat(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Projects to the image plane.

        Args:
            points: Body frame, (..., 3).

        Returns:
            Positions (..., 2) in body heights, x right and y down, from the body's middle; and the
            magnification (...) by perspective, larger is nearer to the camera.
        """
        turned = (points - _MIDDLE) @ self.rotation.T
        magnification = self.distance / (self.distance + turned[..., 2])
        return turned[..., :2] * (magnification[..., None] * _FLIP_Y), magnification

    def to_pixels(self, flat: np.ndarray) -> np.ndarray:
        """Image-plane positions (..., 2) to pixels, pixel centres at integers."""
        return flat * self.scale + self.offset

    def pixels(self, points: np.ndarray) -> np.ndarray:
        """Body frame (..., 3) to pixels (..., 2), pixel centres at integers."""
        return self.to_pixels(self.flat(points)[0])


_MIDDLE = np.array((0.0, 0.0, 0.5))
_FLIP_Y = np.array((1.0, -1.0))


def crop_around(
    view: View,
    points: np.ndarray,
    size: tuple[int, int],
    margins: tuple[float, float],
    shift: float,
) -> Projector:
    """Crops as a person detector does: the box of the body fills the picture, with some play.

    Args:
        view: The camera's look at the body.
        points: All points of the body, body frame, (N, 3).
        size: Height and width of the picture in pixels.
        margins: Free share of the height above and below the body.
        shift: Move to the right, as a share of the width.

    Returns:
        The projector. A body that is wide for the crop is squeezed a little, as boxes of people
        are when they are resized to one shape.
    """
    height, width = size
    unit = Projector(view.matrix(), view.distance, (1.0, 1.0), (0.0, 0.0))
    flat, _ = unit.flat(points)
    # The flesh around the outermost joints.
    (left, top), (right, bottom) = flat.min(axis=0), flat.max(axis=0)
    left, top, right, bottom = left - 0.04, top - 0.005, right + 0.04, bottom + 0.02
    scale_y = height * (1.0 - sum(margins)) / (bottom - top)
    scale_x = min(scale_y, 0.97 * width / (right - left))
    middle = (left + right) / 2
    return Projector(
        unit.rotation,
        view.distance,
        (scale_x, scale_y),
        (
            (width - 1) / 2 - middle * scale_x + shift * width,
            margins[0] * height - 0.5 - top * scale_y,
        ),
    )
