"""What people do: walk, stand, make a call, cross their arms, keep their hands in their pockets."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from posegan_plugin.datasets.procedural.skeleton3d import Pose

Vector = tuple[float, float, float]


def walking_pose(phase: float, stride: float = 0.4, arm_swing: float = 0.4) -> Pose:
    """One moment of the walking cycle.

    Args:
        phase: Moment of the cycle, radians; at 0 the right leg passes the left one forward, at pi/2
            the right foot is in front.
        stride: Largest forward angle of a thigh, radians.
        arm_swing: Largest forward angle of an upper arm, radians.

    Returns:
        The pose; each arm swings against the leg of its side.
    """
    thighs, knees, upper, fore = [], [], [], []
    for side_phase in (phase, phase + np.pi):
        thighs.append(0.05 + stride * np.sin(side_phase))
        # The knee bends while the leg swings forward and is nearly straight under load.
        knees.append(0.08 + 2.0 * stride * max(0.0, np.cos(side_phase + 0.35)) ** 1.5)
        swing = -arm_swing * np.sin(side_phase)
        upper.append(_unit((0.12, np.sin(swing), -np.cos(swing))))
        bent = swing + 0.25 + 0.5 * max(0.0, swing)
        fore.append(_unit((0.02, np.sin(bent), -np.cos(bent))))
    return Pose((thighs[0], thighs[1]), (knees[0], knees[1]), tuple(upper), tuple(fore), 0.05)


def sample_pose(rng: np.random.Generator) -> Pose:
    """Draws a pose: mostly walking, sometimes standing or doing something with the hands.

    Args:
        rng: Source of randomness.

    Returns:
        A pose.
    """
    action = rng.random()
    if action < 0.72:
        pose = walking_pose(
            rng.uniform(0.0, 2 * np.pi), rng.uniform(0.22, 0.46), rng.uniform(0.15, 0.6)
        )
    else:
        stand = rng.uniform(-0.12, 0.12)
        pose = Pose(
            (stand, -stand),
            (rng.uniform(0.0, 0.2), rng.uniform(0.0, 0.2)),
            lean=rng.uniform(0.0, 0.05),
        )
    upper, fore = list(pose.upper_arms), list(pose.forearms)
    gesture = rng.random()
    if gesture < 0.12:  # phone at the ear
        side = int(rng.integers(2))
        upper[side] = _unit((0.62, 0.5, -0.6 + rng.uniform(-0.1, 0.1)))
        fore[side] = _unit((-0.62, -0.15, 0.8))
    elif gesture < 0.2:  # arms crossed
        for side, forward in enumerate((0.5, 0.42)):
            upper[side] = _unit((0.12, 0.22, -0.95))
            fore[side] = _unit((-0.9, forward, 0.1 + 0.1 * side))
    elif gesture < 0.32:  # hands in the pockets
        upper = [_unit((0.3, -0.25, -0.92))] * 2
        fore = [_unit((-0.2, 0.42, -0.88))] * 2
    elif gesture < 0.4:  # reading from something in one hand
        side = int(rng.integers(2))
        upper[side] = _unit((0.15, 0.15, -0.97))
        fore[side] = _unit((-0.2, 0.9, 0.3))
    # No two people swing their arms in exactly the same plane.
    upper = [_jitter(rng, v) for v in upper]
    fore = [_jitter(rng, v) for v in fore]
    yaw = float(np.clip(rng.normal(0.0, 0.22), -0.7, 0.7))
    return Pose(pose.thighs, pose.knees, tuple(upper), tuple(fore), pose.lean, yaw)


def _unit(vector: Iterable[float]) -> Vector:
    values = np.array(tuple(vector), dtype=float)
    x, y, z = (values / np.sqrt(values @ values)).tolist()
    return x, y, z


def _jitter(rng: np.random.Generator, vector: Vector) -> Vector:
    return _unit(np.asarray(vector) + rng.normal(0.0, 0.05, 3))
