"""Cameras: where they hang, which light they see and how badly they record it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from posegan_plugin.datasets.procedural.scenery import paint_scenery

# Drawing is done this many times larger than the picture.
SUPERSAMPLING = 2


@dataclass(frozen=True, eq=False)
class Camera:
    """One camera of the site, for one picture size.

    Attributes:
        elevation: Angle above the horizontal, radians, about 0.03 to 0.38.
        distance: Distance in body heights.
        heading: Where people face most often, radians, as in `View.heading`.
        margin: Mean free share of the height above and below a person.
        light: 1 if the light comes from the image's right, -1 if from its left.
        colour: Linear map from scene colours to recorded colours, (3, 4), the last column added.
        tones: Gamma curve, uint8 (256,).
        blur: Standard deviation of the blur in pixels of a picture 128 high.
        scenery: What is behind the people, uint8 RGB, larger than a picture, supersampled.
        noise: Noise around 128, uint8, twice as high and wide as a picture, (2H, 2W, 3).
    """

    elevation: float
    distance: float
    heading: float
    margin: float
    light: int
    colour: np.ndarray
    tones: np.ndarray
    blur: float
    scenery: np.ndarray
    noise: np.ndarray


@lru_cache(maxsize=64)
def make_camera(seed: int, camid: int, height: int, width: int) -> Camera:
    """Sets up a camera and paints what is behind its people; the same for every call.

    Args:
        seed: Seed of the data set.
        camid: Number of the camera, 1 or more.
        height: Picture height in pixels.
        width: Picture width in pixels.

    Returns:
        The camera. It is shared between callers: its arrays must not be changed.
    """
    site = np.random.default_rng([seed, 2])
    # Neighbouring cameras look at the stream of people from opposite sides, and no two hang alike.
    slot = (camid - 1) % 6
    heading = (0.0, np.pi, 0.5 * np.pi, 0.25 * np.pi, 1.5 * np.pi, 1.2 * np.pi)[
        int(site.permutation(6)[slot])
    ]
    elevation = 0.04 + 0.34 * float(site.permutation(6)[slot]) / 5
    warm = float(site.permutation(6)[slot]) / 5 * 2 - 1
    bright = 0.84 + 0.32 * float(site.permutation(6)[slot]) / 5
    rng = np.random.default_rng([seed, 3, camid])
    gain = bright * np.array((1.0 + 0.07 * warm, 1.0 + rng.uniform(-0.03, 0.03), 1.0 - 0.1 * warm))
    faded = rng.uniform(0.0, 0.4)
    grey = faded * np.full((3, 3), 1 / 3) + (1 - faded) * np.eye(3)
    lift = rng.uniform(-4, 10) + rng.uniform(-4, 4, (3, 1))
    colour = np.concatenate((gain[:, None] * grey, lift), axis=1)
    gamma = rng.uniform(0.85, 1.2)
    tones = np.clip(255 * (np.arange(256) / 255) ** gamma + 0.5, 0, 255).astype(np.uint8)
    canvas_height, canvas_width = SUPERSAMPLING * height, SUPERSAMPLING * width
    noise_rng = np.random.default_rng([seed, 5, camid])
    strength = noise_rng.uniform(2.0, 7.0)
    noise = noise_rng.normal(0, strength, (2 * height, 2 * width, 3))
    # Sensor noise is partly common to the channels and, after the camera's own coding, not white.
    noise = (
        0.5 * noise
        + 0.7 * cv2.GaussianBlur(noise.mean(axis=2, keepdims=True), (3, 3), 0.7)[..., None]
    )
    return Camera(
        elevation=elevation,
        distance=rng.uniform(3.0, 7.0),
        heading=heading,
        margin=rng.uniform(0.02, 0.055),
        light=1 if rng.random() < 0.5 else -1,
        colour=colour,
        tones=tones,
        blur=rng.uniform(0.25, 0.9),
        scenery=paint_scenery(rng, canvas_height, canvas_width, elevation),
        noise=np.clip(noise + 128.5, 0, 255).astype(np.uint8),
    )
