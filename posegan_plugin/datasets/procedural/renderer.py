"""One picture of one procedural person, and where its joints are."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from posegan_plugin.datasets.procedural import skeleton3d as sk
from posegan_plugin.datasets.procedural.brush import Brush, Shape
from posegan_plugin.datasets.procedural.cameras import SUPERSAMPLING, Camera, make_camera
from posegan_plugin.datasets.procedural.figure import figure_shapes
from posegan_plugin.datasets.procedural.people import Person, make_person
from posegan_plugin.datasets.procedural.spec import ProceduralPeopleSpec
from posegan_plugin.datasets.procedural.view import Projector, View, crop_around
from posegan_plugin.datasets.procedural.walker import sample_pose
from posegan_plugin.errors import UserError

# Bits behind the binary point of the coordinates that go to OpenCV.
_FRACTION = 4
# A face joint is seen while its direction is less than this far from the camera's, radians.
_FACE_LIMIT = {0: 1.6, 14: 1.5, 15: 1.5, 16: 1.7, 17: 1.7}


@dataclass(frozen=True)
class Shot:
    """What differs between two pictures of one person by one camera.

    Attributes:
        pose: What the person does.
        heading: Where the person faces, radians, as in `View.heading`.
        margins: Free share of the height above and below the person.
        shift: Move to the right, as a share of the width.
        place: Where in the scenery the person stands, two numbers from 0 to 1.
        brightness: Light relative to the camera's average.
        noise_at: Which part of the camera's noise is used, two numbers from 0 to 1.
    """

    pose: sk.Pose
    heading: float
    margins: tuple[float, float] = (0.04, 0.04)
    shift: float = 0.0
    place: tuple[float, float] = (0.5, 0.5)
    brightness: float = 1.0
    noise_at: tuple[float, float] = (0.5, 0.5)


def sample_shot(rng: np.random.Generator, camera: Camera) -> Shot:
    """Draws a shot: people mostly face where the camera's stream of people goes.

    Args:
        rng: Source of randomness.
        camera: The camera.

    Returns:
        A shot.
    """
    if rng.random() < 0.65:
        heading = camera.heading + rng.normal(0.0, 0.45)
    else:
        heading = rng.uniform(0.0, 2 * np.pi)
    margins = np.clip(camera.margin + rng.normal(0.0, 0.015, 2), 0.005, 0.09)
    place, noise_at = rng.random(2), rng.random(2)
    return Shot(
        pose=sample_pose(rng),
        heading=float(heading % (2 * np.pi)),
        margins=(float(margins[0]), float(margins[1])),
        shift=float(np.clip(rng.normal(0.0, 0.025), -0.06, 0.06)),
        place=(float(place[0]), float(place[1])),
        brightness=float(np.clip(rng.normal(1.0, 0.06), 0.85, 1.15)),
        noise_at=(float(noise_at[0]), float(noise_at[1])),
    )


def render_person(
    spec: ProceduralPeopleSpec, pid: int, camid: int, index: int
) -> tuple[np.ndarray, np.ndarray]:
    """Renders one picture; it depends on the arguments only, in any order and any process.

    Args:
        spec: The data set; only `seed`, `height` and `width` matter to the picture.
        pid: Identity, from 1, as in the file names.
        camid: Camera, from 1 to `spec.num_cameras`, as in the file names.
        index: Number of the picture of this identity in this camera, from 0.

    Returns:
        The picture, uint8 RGB (H, W, 3), and the key points, float32 (18, 3): x and y in pixels
        with pixel centres at integers, score 1 (visible) or 0 (missing, x = y = 0).

    Raises:
        UserError: If `pid`, `camid` or `index` is out of range.
    """
    if pid < 1 or index < 0 or not 1 <= camid <= spec.num_cameras:
        raise UserError(
            f"procedural people: there is no picture {index} of identity {pid} in camera {camid}; "
            f"identities start at 1, cameras are 1 to {spec.num_cameras}, pictures start at 0."
        )
    camera = make_camera(spec.seed, camid, spec.height, spec.width)
    shot = sample_shot(np.random.default_rng([spec.seed, 4, pid, camid, index]), camera)
    return render_shot(make_person(spec.seed, pid), camera, shot, (spec.height, spec.width))


def render_shot(
    person: Person, camera: Camera, shot: Shot, size: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Renders a given person in a given pose.

    Args:
        person: Who it is.
        camera: Who looks; made for `size`.
        shot: What the person does and where.
        size: Height and width of the picture in pixels.

    Returns:
        Picture and key points as from `render_person`.
    """
    joints = sk.pose_joints(person.proportions, shot.pose)
    view = View(shot.heading, camera.elevation, camera.distance)
    projector = crop_around(view, joints, size, shot.margins, shot.shift)
    canvas = _standing_place(camera, shot, projector, joints, size)
    brush = Brush(person, joints, shot.pose.head_yaw, projector, camera.light)
    _paint(canvas, figure_shapes(brush), projector)
    picture = cv2.resize(canvas, (size[1], size[0]), interpolation=cv2.INTER_AREA)
    return _record(picture, camera, shot), _keypoints(joints, shot, projector, size)


def _to_canvas(pixels: np.ndarray) -> np.ndarray:
    """Picture coordinates to the larger canvas; in both, pixel centres are at integers."""
    return (pixels + 0.5) * SUPERSAMPLING - 0.5


def _standing_place(
    camera: Camera, shot: Shot, projector: Projector, joints: np.ndarray, size: tuple[int, int]
) -> np.ndarray:
    """Cuts the scenery behind the person and darkens the ground under the feet."""
    height, width = SUPERSAMPLING * size[0], SUPERSAMPLING * size[1]
    rows, columns = camera.scenery.shape[:2]
    top, left = int(shot.place[0] * (rows - height)), int(shot.place[1] * (columns - width))
    canvas = camera.scenery[top : top + height, left : left + width].copy()
    feet = joints[list(sk.ANKLE)].mean(axis=0) * (1.0, 1.0, 0.0)
    x, y = _to_canvas(projector.pixels(feet))
    half_x = 0.17 * projector.scale[0] * SUPERSAMPLING
    half_y = (0.035 + 0.12 * camera.elevation) * projector.scale[1] * SUPERSAMPLING
    for grow, dark in ((1.0, 0.86), (0.7, 0.8)):
        left_x, right_x = int(max(0, x - grow * half_x)), int(min(width, x + grow * half_x))
        low_y, high_y = int(max(0, y - grow * half_y)), int(min(height, y + grow * half_y))
        if left_x < right_x and low_y < high_y:
            region = canvas[low_y:high_y, left_x:right_x]
            mask = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, region.shape[1::-1])
            region[mask > 0] = (region[mask > 0] * dark).astype(np.uint8)
    return canvas


def _paint(canvas: np.ndarray, shapes: list[Shape], projector: Projector) -> None:
    points = _to_canvas(projector.to_pixels(np.concatenate([polygon for polygon, _ in shapes])))
    fixed = np.rint(points * (1 << _FRACTION)).astype(np.int32)
    start = 0
    for polygon, colour in shapes:
        end = start + len(polygon)
        cv2.fillPoly(canvas, [fixed[start:end]], colour, cv2.LINE_AA, _FRACTION)
        start = end


def _record(picture: np.ndarray, camera: Camera, shot: Shot) -> np.ndarray:
    """What the camera makes of the scene: colour cast, tone curve, blur, noise."""
    height, width = picture.shape[:2]
    sigma = camera.blur * height / 128
    if sigma > 0.3:
        reach = 2 * int(np.ceil(2 * sigma)) + 1
        picture = cv2.GaussianBlur(picture, (reach, reach), sigma)
    picture = cv2.transform(picture, camera.colour * shot.brightness)
    picture = cv2.LUT(picture, camera.tones)
    top, left = int(shot.noise_at[0] * height), int(shot.noise_at[1] * width)
    noise = camera.noise[top : top + height, left : left + width]
    return cv2.addWeighted(picture, 1.0, noise, 1.0, -128.0)


def _keypoints(
    joints: np.ndarray, shot: Shot, projector: Projector, size: tuple[int, int]
) -> np.ndarray:
    xy = projector.pixels(joints[:18])
    xy[sk.NECK] = (xy[sk.SHOULDER[0]] + xy[sk.SHOULDER[1]]) / 2
    seen = ((xy >= 0) & (xy <= (size[1] - 1, size[0] - 1))).all(axis=1)
    seen[sk.NECK] = seen[sk.SHOULDER[0]] and seen[sk.SHOULDER[1]]
    # The head's azimuth that looks into the camera; people who face the camera have heading 0.
    to_camera = shot.heading - shot.pose.head_yaw
    for row, limit in _FACE_LIMIT.items():
        turned = (sk.FACE_AZIMUTH[row] - to_camera + np.pi) % (2 * np.pi) - np.pi
        seen[row] &= abs(turned) < limit
    keypoints = np.zeros((18, 3), np.float32)
    keypoints[seen, :2] = xy[seen]
    keypoints[seen, 2] = 1.0
    return keypoints
