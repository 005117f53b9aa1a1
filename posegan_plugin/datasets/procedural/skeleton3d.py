"""From a pose (angles) to the joints of a body in three dimensions.

Body frame: axis 0 points to the person's own right, axis 1 forward, axis 2 up; the origin is on the
ground under the pelvis and the unit is the body height.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# Rows 0-17 are OpenPose's joints; these follow.
R_HAND, L_HAND, R_TOE, L_TOE, PELVIS, HEAD, HEAD_TOP = range(18, 25)
NUM_POINTS = 25

# Row of the right and of the left joint, indexed by side (0 right, 1 left).
SHOULDER, ELBOW, WRIST, HAND = (2, 5), (3, 6), (4, 7), (R_HAND, L_HAND)
HIP, KNEE, ANKLE, TOE = (8, 11), (9, 12), (10, 13), (R_TOE, L_TOE)
NOSE, NECK, EYE, EAR = 0, 1, (14, 15), (16, 17)

# Azimuth on the head of nose, eyes and ears, from straight ahead towards the right, in radians.
FACE_AZIMUTH = {0: 0.0, 14: 0.42, 15: -0.42, 16: 1.31, 17: -1.31}

HIP_HEIGHT, SHOULDER_HEIGHT, HEAD_HEIGHT, ANKLE_HEIGHT = 0.515, 0.815, 0.925, 0.04
THIGH, SHIN, FOOT, UPPER_ARM, FOREARM, HAND_LENGTH = 0.24, 0.235, 0.105, 0.175, 0.15, 0.05
HEAD_RADIUS, HEAD_HALF_HEIGHT = 0.052, 0.072


@dataclass(frozen=True)
class Proportions:
    """What differs between bodies of equal height.

    Attributes:
        shoulders: Half the distance between the shoulders, in body heights.
        hips: Half the distance between the hip joints, in body heights.
        legs: Length of the legs relative to the average, about 0.95 to 1.05.
        head: Size of the head relative to the average.
        girth: Thickness of trunk and limbs relative to the average.
    """

    shoulders: float = 0.108
    hips: float = 0.052
    legs: float = 1.0
    head: float = 1.0
    girth: float = 1.0


@dataclass(frozen=True)
class Pose:
    """Angles and directions of the limbs; pairs are (right, left).

    Attributes:
        thighs: Forward angles of the thighs from straight down, radians.
        knees: Bend of the knees, radians, 0 = straight.
        upper_arms: Directions of the upper arms, (outward, forward, up), unit length.
        forearms: Directions of the forearms, (outward, forward, up), unit length.
        lean: Forward shift of the upper body per unit of height.
        head_yaw: Turn of the head to the person's right against the trunk, radians.
    """

    thighs: tuple[float, float] = (0.0, 0.0)
    knees: tuple[float, float] = (0.0, 0.0)
    upper_arms: tuple[tuple[float, float, float], ...] = ((0.1, 0.0, -0.995), (0.1, 0.0, -0.995))
    forearms: tuple[tuple[float, float, float], ...] = ((0.05, 0.1, -0.994), (0.05, 0.1, -0.994))
    lean: float = 0.0
    head_yaw: float = 0.0


def pose_joints(body: Proportions, pose: Pose) -> np.ndarray:
    """Places the joints in the body frame, the lower foot on the ground.

    Args:
        body: Lengths of the body.
        pose: Angles of the limbs.

    Returns:
        float64 (25, 3): OpenPose's 18 joints, then hands, toes, pelvis, middle and top of the head.
    """
    joints = np.zeros((NUM_POINTS, 3))
    hip_height = HIP_HEIGHT * body.legs
    shoulder_height = hip_height + SHOULDER_HEIGHT - HIP_HEIGHT
    head_height = shoulder_height + (HEAD_HEIGHT - SHOULDER_HEIGHT) * (0.5 + 0.5 * body.head)
    joints[PELVIS] = (0.0, 0.0, hip_height)
    for side, sign in enumerate((1.0, -1.0)):
        outward = np.array((sign, 1.0, 1.0))
        angle = pose.thighs[side]
        shin_angle = angle - pose.knees[side]
        hip = np.array((sign * body.hips, 0.0, hip_height))
        knee = hip + THIGH * body.legs * np.array((0.0, np.sin(angle), -np.cos(angle)))
        ankle = knee + SHIN * body.legs * np.array((0.0, np.sin(shin_angle), -np.cos(shin_angle)))
        pitch = 0.8 * shin_angle
        joints[HIP[side]], joints[KNEE[side]], joints[ANKLE[side]] = hip, knee, ankle
        # Toes point a little outward, and up or down with the shin.
        foot = (0.18 * sign, np.cos(pitch), np.sin(pitch) - 0.23)
        joints[TOE[side]] = ankle + FOOT * np.array(foot)
        shoulder = np.array((sign * body.shoulders, 0.0, shoulder_height))
        elbow = shoulder + UPPER_ARM * outward * pose.upper_arms[side]
        forearm = outward * pose.forearms[side]
        joints[SHOULDER[side]], joints[ELBOW[side]] = shoulder, elbow
        joints[WRIST[side]] = elbow + FOREARM * forearm
        joints[HAND[side]] = elbow + (FOREARM + HAND_LENGTH) * forearm
    joints[NECK] = (joints[SHOULDER[0]] + joints[SHOULDER[1]]) / 2
    joints[HEAD] = (0.0, 0.012, head_height)
    joints[HEAD_TOP] = (0.0, 0.012, head_height + HEAD_HALF_HEIGHT * body.head)
    for row, azimuth in FACE_AZIMUTH.items():
        turned = azimuth + pose.head_yaw
        radius = HEAD_RADIUS * body.head * (1.1 if row == NOSE else 1.0)
        height = -0.012 if row in (NOSE, *EAR) else 0.012
        offset = (radius * np.sin(turned), radius * np.cos(turned), height * body.head)
        joints[row] = joints[HEAD] + offset
    upper = [NOSE, NECK, *SHOULDER, *ELBOW, *WRIST, *EYE, *EAR, *HAND, HEAD, HEAD_TOP]
    joints[upper, 1] += pose.lean * (joints[upper, 2] - hip_height)
    soles = joints[list(ANKLE), 2] - ANKLE_HEIGHT
    joints[:, 2] -= min(soles.min(), joints[list(TOE), 2].min() - 0.01)
    return joints
