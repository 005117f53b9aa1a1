"""Puts a dressed body together: every shape, in the order in which it must be painted."""

from __future__ import annotations

import numpy as np

from posegan_plugin.datasets.procedural import skeleton3d as sk
from posegan_plugin.datasets.procedural.brush import Brush, Limb, Shape, toned
from posegan_plugin.datasets.procedural.clothes import lower_body, trunk
from posegan_plugin.datasets.procedural.head import head, loose_hair
from posegan_plugin.datasets.procedural.shapes import box_faces

# Depth against the trunk (positive is behind it) and shapes of something that stands clear of it.
Loose = tuple[float, list[Shape]]


def figure_shapes(brush: Brush) -> list[Shape]:
    """All shapes of a person from the farthest to the nearest.

    Args:
        brush: The person, its pose and the camera.

    Returns:
        Polygons in the image plane with their colours, in painting order.
    """
    joints = brush.joints
    # The farther leg first: knee and ankle together say which one that is.
    legs = sorted(
        (0, 1),
        key=lambda side: -brush.depth((joints[sk.KNEE[side]] + joints[sk.ANKLE[side]]) / 2),
    )
    core = [shape for side in legs for shape in brush.limbs(_leg(brush, side))]
    core += lower_body(brush)
    core += brush.limbs(
        [brush.segment(joints[sk.NECK], joints[sk.HEAD], 0.03, 0.03, brush.person.skin)]
    )
    core += trunk(brush) + head(brush)
    # Arms, hair and bags stand clear of trunk and head: wholly behind or wholly in front.
    loose = [*_arms(brush), *loose_hair(brush), *_bags(brush)]
    loose.sort(key=lambda item: -item[0])
    behind = [shape for depth, shapes in loose if depth > 0 for shape in shapes]
    front = [shape for depth, shapes in loose if depth <= 0 for shape in shapes]
    return behind + core + front


def _leg(brush: Brush, side: int) -> list[Limb]:
    person, joints = brush.person, brush.joints
    hip, knee = joints[sk.HIP[side]], joints[sk.KNEE[side]]
    ankle, toe = joints[sk.ANKLE[side]], joints[sk.TOE[side]]
    trousers = person.lower_style == "trousers"
    cloth = person.lower if trousers else person.skin
    loose = 1.12 if trousers else 1.0
    heel = ankle + 0.12 * (ankle - toe) - (0.0, 0.0, 0.016)
    limbs = [
        brush.segment(heel, toe, 0.021, 0.017, person.shoes),
        brush.segment(knee, ankle, 0.037 * loose, 0.024 * loose, cloth),
        brush.segment(hip, knee, 0.056 * loose, 0.037 * loose, cloth),
    ]
    if person.lower_style == "shorts":
        limbs.append(brush.segment(hip, hip + 0.72 * (knee - hip), 0.06, 0.052, person.lower))
    if trousers and person.side_stripe:
        # The seam: on the outside of the leg, so hidden when the other leg's side is seen.
        outward = np.array((1.0 - 2.0 * side, 0.0, 0.0))
        if outward @ brush.projector.rotation[2] < 0.3:
            seam = 0.03 * outward
            limbs.append(brush.segment(hip + seam, knee + seam, 0.008, 0.008, person.accent))
            limbs.append(
                brush.segment(knee + seam, ankle + 0.6 * seam, 0.008, 0.008, person.accent)
            )
    return limbs


def _arms(brush: Brush) -> list[Loose]:
    person = brush.person
    parts: list[Loose] = []
    covered = person.sleeve * (sk.UPPER_ARM + sk.FOREARM)
    for side in (0, 1):
        shoulder, elbow = brush.joints[sk.SHOULDER[side]], brush.joints[sk.ELBOW[side]]
        wrist, hand = brush.joints[sk.WRIST[side]], brush.joints[sk.HAND[side]]
        long = person.sleeve >= 1.0
        cloth = person.upper if long else person.skin
        thick = 1.2 if long else 1.0
        # The shoulder is inside the trunk's outline; start the arm a little towards the neck.
        start = shoulder - (np.sign(shoulder[0]) * 0.012, 0.0, 0.008)
        upper = [brush.segment(start, elbow, 0.034 * thick, 0.026 * thick, cloth)]
        if not long:
            end = shoulder + min(1.0, covered / sk.UPPER_ARM) * (elbow - shoulder)
            upper.append(brush.segment(start, end, 0.042, 0.037, person.upper))
        lower = [
            brush.segment(wrist, hand, 0.02, 0.017, person.skin),
            brush.segment(elbow, wrist, 0.026 * thick, 0.019 * thick, cloth),
        ]
        parts.append((brush.depth((shoulder + elbow) / 2), brush.limbs(upper)))
        # A hair nearer, so that a forearm beside the body is painted over the sleeve and hip.
        parts.append((brush.depth((elbow + wrist) / 2) - 0.004, brush.limbs(lower)))
    return parts


def _bags(brush: Brush) -> list[Loose]:
    person = brush.person
    if person.bag == "none":
        return []
    neck, pelvis = brush.joints[sk.NECK], brush.joints[sk.PELVIS]
    if person.bag == "backpack":
        half = np.array((0.074, 0.045, 0.115))
        centre = (neck + pelvis) / 2 + (0.0, -0.062 - half[1], 0.03)
    else:
        # No deeper than the hip, which hides it from the other side.
        half = np.array((0.026, 0.058, 0.06))
        sign = 1.0 if person.bag == "right_bag" else -1.0
        offset = np.array((sign * (person.proportions.hips + 0.075), -0.005, 0.03))
        centre = pelvis + offset
    # The face with the pocket.
    outer = {"backpack": "back", "right_bag": "right", "left_bag": "left"}[person.bag]
    shapes: list[Shape] = []
    for name, face in box_faces(brush.projector, centre, half).items():
        bright = {"back": 1.0, "front": 1.0, "top": 1.12}.get(name, 0.8)
        shapes.append((face, toned(person.bag_colour, bright)))
        if name == outer:
            middle = face.mean(axis=0)
            pocket = middle + 0.6 * (face - middle) + (0.0, 0.25 * half[2])
            shapes.append((pocket, toned(person.bag_colour, 0.72)))
    return [(brush.depth(centre), shapes)]
