"""Skeletons drawn over people: the right side in warm colours, the left side in cold ones."""

from __future__ import annotations

import cv2
import numpy as np

from posegan_plugin.pose.skeleton import JOINTS, LIMBS

_COLOURS: dict[tuple[str, str], tuple[int, int, int]] = {
    ("right", "arm"): (255, 70, 60),
    ("right", "leg"): (255, 170, 40),
    ("right", "head"): (255, 130, 190),
    ("left", "arm"): (70, 120, 255),
    ("left", "leg"): (40, 220, 220),
    ("left", "head"): (170, 130, 255),
}
_MIDDLE_COLOUR = (250, 240, 90)
_PARTS = {
    "shoulder": "arm",
    "elbow": "arm",
    "wrist": "arm",
    "hip": "leg",
    "knee": "leg",
    "ankle": "leg",
    "eye": "head",
    "ear": "head",
}
# cv2 takes fixed-point coordinates with this many fractional bits, in 32-bit integers.
_FRACTION_BITS = 4
_FARTHEST = 1e5


def _colour(joint: str) -> tuple[int, int, int]:
    """RGB colour of a joint and of the limb that ends in it."""
    side, _, name = joint.partition("_")
    return _COLOURS[side, _PARTS[name]] if name else _MIDDLE_COLOUR


def skeleton_colours() -> dict[str, tuple[int, int, int]]:
    """What the colours mean.

    Returns:
        RGB colours by part of the body, as "right arm".
    """
    parts = {f"{side} {part}": colour for (side, part), colour in _COLOURS.items()}
    return {**parts, "nose and neck": _MIDDLE_COLOUR}


def draw_skeleton(
    image: np.ndarray, keypoints: np.ndarray, thickness: int | None = None
) -> np.ndarray:
    """Draw the limbs and joints that are there over a picture.

    Args:
        image: RGB picture (H, W, 3), uint8. It is not changed.
        keypoints: Key points (18, 3) as x, y in pixels of the picture and score. Joints with
            score 0 or without a finite place are left out, and so are their limbs.
        thickness: Width of the limbs in pixels. Defaults to None, 1 for every 64 pixels of height.

    Returns:
        A new RGB picture (H, W, 3), uint8.
    """
    canvas = np.ascontiguousarray(image).copy()
    if thickness is None:
        thickness = max(1, round(canvas.shape[0] / 64))
    places = np.asarray(keypoints, dtype=np.float64)[:, :2]
    there = (np.asarray(keypoints)[:, 2] > 0) & np.isfinite(places).all(axis=1)
    places = np.where(there[:, None], places, 0).clip(-_FARTHEST, _FARTHEST)
    fixed = np.rint(places * 2**_FRACTION_BITS).astype(int).tolist()
    for start, end in LIMBS:
        if there[start] and there[end]:
            colour = _colour(JOINTS[end])
            cv2.line(
                canvas, fixed[start], fixed[end], colour, thickness, cv2.LINE_AA, _FRACTION_BITS
            )
    # Joints come after all limbs, so that no limb hides one.
    radius = round(0.75 * thickness * 2**_FRACTION_BITS)
    for joint, name in enumerate(JOINTS):
        if there[joint]:
            cv2.circle(
                canvas, fixed[joint], radius, _colour(name), cv2.FILLED, cv2.LINE_AA, _FRACTION_BITS
            )
    return canvas


def pose_picture(keypoints: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Draw a skeleton on black.

    Args:
        keypoints: Key points (18, 3) as x, y in pixels of the picture and score.
        size: Height and width (H, W) of the picture in pixels.

    Returns:
        RGB picture (H, W, 3), uint8.
    """
    return draw_skeleton(np.zeros((*size, 3), dtype=np.uint8), keypoints)
