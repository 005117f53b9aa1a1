"""What stands behind the people of one camera: ground, walls and a few things, painted once."""

from __future__ import annotations

import cv2
import numpy as np

_GROUNDS = ((132, 130, 126), (116, 112, 104), (98, 108, 84), (150, 140, 126), (104, 108, 114))
_WALLS = ((158, 150, 140), (128, 108, 96), (122, 130, 138), (104, 120, 98), (176, 172, 164))
_THINGS = ((86, 84, 88), (110, 92, 80), (76, 92, 84), (140, 128, 116), (92, 100, 120))


def paint_scenery(
    rng: np.random.Generator, height: int, width: int, elevation: float
) -> np.ndarray:
    """Paints a static scene, wide enough for people to stand at different places in it.

    Args:
        rng: Source of randomness.
        height: Height of what one picture shows, in canvas pixels.
        width: Width of what one picture shows, in canvas pixels.
        elevation: Angle of the camera above the horizontal, radians.

    Returns:
        uint8 RGB, (height + height // 8, 4 * width, 3).
    """
    rows, columns = height + height // 8, 4 * width
    # The higher the camera, the more ground there is behind a person.
    edge = int(rows * np.clip(0.62 - 1.6 * elevation + rng.uniform(-0.06, 0.06), 0.06, 0.7))
    scene = np.empty((rows, columns, 3), np.uint8)
    scene[:edge] = _pick(rng, _WALLS)
    scene[edge:] = _pick(rng, _GROUNDS)
    _draw_wall(rng, scene, edge)
    _draw_ground(rng, scene, edge)
    for _ in range(int(rng.integers(5, 10))):
        _draw_thing(rng, scene, edge)
    texture = sum(
        cv2.resize(
            rng.normal(0, strength, (max(2, rows // cell), max(2, columns // cell))).astype(
                np.float32
            ),
            (columns, rows),
            interpolation=cv2.INTER_CUBIC,
        )
        for cell, strength in ((2, 5.0), (7, 5.0), (40, 9.0))
    )
    # Light falls off from top to bottom and across the scene.
    slope = np.linspace(1.06, 0.94, rows)[:, None] * np.linspace(
        rng.uniform(0.85, 1.1), rng.uniform(0.85, 1.1), columns
    )
    shaded = (scene + texture[..., None]) * slope[..., None]
    return np.clip(shaded, 0, 255).astype(np.uint8)


def _draw_wall(rng: np.random.Generator, scene: np.ndarray, edge: int) -> None:
    rows, columns = scene.shape[:2]
    base = scene[0, 0].astype(float)
    dark, light = _tone(base, 0.78), _tone(base, 1.15)
    kind = int(rng.integers(4))
    unit = max(4, rows // 10)
    if kind == 0:  # bricks or slabs
        for row, y in enumerate(range(edge, -unit, -unit // 2)):
            cv2.line(scene, (0, y), (columns, y), dark, 1, cv2.LINE_AA)
            for x in range((row % 2) * unit, columns, 2 * unit):
                cv2.line(scene, (x, y), (x, max(0, y - unit // 2)), dark, 1, cv2.LINE_AA)
    elif kind == 1:  # windows
        for x in range(int(rng.integers(unit)), columns, 4 * unit):
            top, bottom = edge - int(6 * unit), edge - int(1.2 * unit)
            cv2.rectangle(scene, (x, top), (x + int(2.4 * unit), bottom), light, -1)
            pane = (x + unit // 4, top + unit // 4), (x + int(2.1 * unit), bottom - unit // 4)
            cv2.rectangle(scene, *pane, _tone(base, rng.uniform(0.4, 0.6)), -1)
            middle = x + int(1.2 * unit)
            cv2.line(scene, (middle, top), (middle, bottom), light, max(1, unit // 8))
    elif kind == 2:  # a fence
        for x in range(0, columns, max(3, unit // 2)):
            cv2.line(scene, (x, 0), (x, edge), dark, max(1, unit // 8), cv2.LINE_AA)
        for y in (edge - unit // 2, edge - 3 * unit):
            cv2.line(scene, (0, y), (columns, y), dark, max(1, unit // 5))
    else:  # a hedge
        for _ in range(columns * max(1, edge) // (unit * unit // 2)):
            spot = int(rng.integers(columns)), int(rng.integers(max(1, edge)))
            tone = _tone(base, rng.uniform(0.7, 1.15))
            cv2.circle(scene, spot, int(rng.integers(1, 2 + unit // 3)), tone, -1, cv2.LINE_AA)
        scene[edge:] = scene[-1, -1]
    cv2.line(scene, (0, edge), (columns, edge), _tone(base, 0.55), max(1, rows // 80))


def _draw_ground(rng: np.random.Generator, scene: np.ndarray, edge: int) -> None:
    rows, columns = scene.shape[:2]
    base = scene[-1, -1].astype(float)
    line = _tone(base, rng.choice((0.84, 1.12)))
    kind = int(rng.integers(4))
    # A vanishing point above the edge: the horizon itself is hidden by the wall.
    vanish_x, vanish_y = columns // 2, edge - rows // 3
    if kind in (0, 1):  # slabs: lines that run together, and lines that lie closer far away
        for x in range(-3 * columns, 4 * columns, max(8, rows // 3)):
            far = vanish_x + (x - vanish_x) * (edge - vanish_y) / max(1, rows - vanish_y)
            cv2.line(scene, (int(far), edge), (x, rows), line, 1, cv2.LINE_AA)
        if kind == 0:
            for step in range(1, 14):
                y = vanish_y + int((rows - vanish_y) * 2.6 / (2.6 + 0.35 * step))
                if y > edge:
                    cv2.line(scene, (0, y), (columns, y), line, 1, cv2.LINE_AA)
    elif kind == 2:  # a kerb and a road
        y = edge + int((rows - edge) * rng.uniform(0.25, 0.5))
        cv2.rectangle(scene, (0, edge), (columns, y), _tone(base, 0.8), -1)
        cv2.line(scene, (0, y), (columns, y), _tone(base, 1.2), max(1, rows // 50))
    else:  # a broad marking that runs along the way
        y = edge + int((rows - edge) * rng.uniform(0.5, 0.8))
        mark = _tone(base, 1.22)
        for x in range(0, columns, rows // 2):
            corners = [(x, y), (x + rows // 4, y), (x + rows // 5, y + rows // 24)]
            corners.append((x - rows // 20, y + rows // 24))
            cv2.fillConvexPoly(scene, np.array(corners, np.int32), mark, cv2.LINE_AA)


def _draw_thing(rng: np.random.Generator, scene: np.ndarray, edge: int) -> None:
    rows, columns = scene.shape[:2]
    colour = np.array(_pick(rng, _THINGS), dtype=float)
    x = int(rng.integers(columns))
    foot = edge + int((rows - edge) * rng.uniform(0.02, 0.3))
    size = int(rows * rng.uniform(0.1, 0.25))
    kind = int(rng.integers(4))
    if kind == 0:  # a pole
        cv2.rectangle(scene, (x, -1), (x + max(2, rows // 45), foot), _tone(colour, 1), -1)
    elif kind == 1:  # a crate or a bin, lighter on top
        cv2.rectangle(scene, (x, foot - size), (x + int(0.8 * size), foot), _tone(colour, 1), -1)
        cv2.rectangle(
            scene,
            (x, foot - size),
            (x + int(0.8 * size), foot - int(0.8 * size)),
            _tone(colour, 1.3),
            -1,
        )
    elif kind == 2:  # a door in the wall
        cv2.rectangle(scene, (x, edge - 3 * size), (x + size, edge), _tone(colour, 1), -1)
        cv2.rectangle(scene, (x, edge - 3 * size), (x + size, edge), _tone(colour, 0.7), 1)
    else:  # a bush
        for _ in range(9):
            spot = x + int(rng.normal(0, size / 3)), foot - int(rng.uniform(0.1, 0.7) * size)
            tone = _tone(np.array((90.0, 104.0, 80.0)), rng.uniform(0.7, 1.1))
            cv2.circle(scene, spot, max(2, size // 4), tone, -1, cv2.LINE_AA)


def _pick(rng: np.random.Generator, pool: tuple[tuple[int, int, int], ...]) -> tuple[int, int, int]:
    return pool[int(rng.integers(len(pool)))]


def _tone(colour: np.ndarray, factor: float) -> tuple[float, float, float]:
    red, green, blue = np.clip(colour * factor, 0, 255).tolist()
    return red, green, blue
