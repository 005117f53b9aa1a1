"""What the pictures of procedural people show, and where their key points are."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from posegan_plugin.datasets.procedural import ProceduralPeopleSpec, render_person
from posegan_plugin.datasets.procedural.brush import Brush
from posegan_plugin.datasets.procedural.cameras import Camera, make_camera
from posegan_plugin.datasets.procedural.people import make_person
from posegan_plugin.datasets.procedural.renderer import Shot, render_shot
from posegan_plugin.datasets.procedural.shapes import box_faces
from posegan_plugin.datasets.procedural.skeleton3d import Pose, Proportions, pose_joints
from posegan_plugin.datasets.procedural.view import Projector, View
from posegan_plugin.datasets.procedural.walker import sample_pose, walking_pose

SIZE = (128, 64)
NOSE, NECK, R_SHOULDER, R_WRIST, L_SHOULDER, L_WRIST = 0, 1, 2, 4, 5, 7
R_HIP, R_ANKLE, L_HIP, L_ANKLE, R_EYE, L_EYE, R_EAR, L_EAR = 8, 10, 11, 13, 14, 15, 16, 17
FRONT, RIGHT, BACK, LEFT = 0.0, np.pi / 2, np.pi, 3 * np.pi / 2
STAND = Pose()


@pytest.fixture(scope="module")
def plain_camera() -> Camera:
    """A camera at eye level that records colours as they are, before a green screen."""
    camera = make_camera(0, 1, *SIZE)
    scenery = np.empty_like(camera.scenery)
    scenery[:] = (0, 255, 0)
    return replace(
        camera,
        elevation=0.0,
        distance=5.0,
        colour=np.eye(3, 4),
        tones=np.arange(256, dtype=np.uint8),
        blur=0.0,
        scenery=scenery,
        noise=np.full_like(camera.noise, 128),
    )


@pytest.fixture(scope="module")
def person():
    return replace(
        make_person(0, 1),
        proportions=Proportions(),
        pattern="plain",
        bag="none",
        hair_style="short",
        sleeve=0.3,
        upper=(120, 40, 40),
        lower=(40, 40, 120),
        accent=(230, 230, 20),
        skin=(210, 170, 150),
        hair=(20, 20, 20),
        lower_style="trousers",
        side_stripe=False,
        shoes=(40, 40, 40),
    )


def shoot(person, camera, heading, pose=STAND):
    return render_shot(person, camera, Shot(pose, heading), SIZE)


def test_the_same_arguments_give_the_same_picture_in_any_order():
    spec = ProceduralPeopleSpec(height=64, width=32)
    calls = [(3, 1, 0), (3, 2, 1), (7, 1, 0)]
    first = [render_person(spec, *call) for call in calls]
    make_camera.cache_clear()
    make_person.cache_clear()
    again = [render_person(spec, *call) for call in reversed(calls)][::-1]
    for (picture, points), (picture2, points2) in zip(first, again, strict=True):
        np.testing.assert_array_equal(picture, picture2)
        np.testing.assert_array_equal(points, points2)
    assert (first[0][0] != first[1][0]).any()
    assert (first[0][0] != first[2][0]).any()


def test_a_picture_does_not_depend_on_how_many_people_there_are():
    small = ProceduralPeopleSpec(num_train_ids=1, num_test_ids=1, height=64, width=32)
    large = ProceduralPeopleSpec(num_train_ids=500, images_per_camera=9, height=64, width=32)
    np.testing.assert_array_equal(
        render_person(small, 2, 3, 0)[0], render_person(large, 2, 3, 0)[0]
    )
    other = replace(small, seed=1)
    assert (render_person(small, 2, 3, 0)[0] != render_person(other, 2, 3, 0)[0]).any()


@pytest.mark.parametrize(("height", "width"), [(128, 64), (64, 32), (96, 48)])
def test_pictures_and_key_points_have_their_types_and_stay_inside(height, width):
    spec = ProceduralPeopleSpec(height=height, width=width)
    for pid in range(1, 40):
        picture, points = render_person(spec, pid, pid % 6 + 1, 0)
        assert picture.shape == (height, width, 3)
        assert picture.dtype == np.uint8
        assert points.shape == (18, 3)
        assert points.dtype == np.float32
        assert set(points[:, 2].tolist()) <= {0.0, 1.0}
        seen = points[:, 2] == 1
        assert seen[1:14].sum() >= 11
        assert (points[seen, :2] >= 0).all()
        assert (points[seen, :2] <= (width - 1, height - 1)).all()
        assert (points[~seen] == 0).all()
        # The body fills the crop: the neck is near the top, a foot near the bottom.
        assert points[NECK, 1] < 0.28 * height
        assert points[[R_ANKLE, L_ANKLE], 1].max() > 0.82 * height


def test_every_heading_occurs():
    spec = ProceduralPeopleSpec(height=32, width=16)
    away = facing = 0
    for pid in range(1, 61):
        points = render_person(spec, pid, pid % 6 + 1, 1)[1]
        facing += points[R_EYE, 2] == 1 and points[L_EYE, 2] == 1
        away += points[[NOSE, R_EYE, L_EYE], 2].sum() == 0
    assert facing >= 8
    assert away >= 8


def test_from_the_front_the_right_side_is_on_the_images_left(plain_camera, person):
    points = shoot(person, plain_camera, FRONT)[1]
    assert (points[:, 2] == 1).all()
    for right, left in ((2, 5), (3, 6), (4, 7), (8, 11), (9, 12), (10, 13), (14, 15), (16, 17)):
        assert points[right, 0] < points[left, 0]
    np.testing.assert_allclose(points[NECK], points[[R_SHOULDER, L_SHOULDER]].mean(axis=0))
    # Standing straight before a camera: the middle of the picture is between pixels 31 and 32.
    assert points[NOSE, 0] == pytest.approx(31.5, abs=1e-4)


def test_from_behind_the_right_side_is_on_the_images_right_and_the_face_missing(
    plain_camera, person
):
    points = shoot(person, plain_camera, BACK)[1]
    for right, left in ((2, 5), (4, 7), (8, 11), (10, 13)):
        assert points[right, 0] > points[left, 0]
    assert points[[NOSE, R_EYE, L_EYE, R_EAR, L_EAR], 2].tolist() == [0, 0, 0, 0, 0]
    assert (points[1:14, 2] == 1).all()


def test_who_walks_to_the_images_right_shows_the_right_side(plain_camera, person):
    pose = walking_pose(np.pi / 2)  # the right leg is in front
    points = shoot(person, plain_camera, RIGHT, pose)[1]
    assert points[R_ANKLE, 0] > points[L_ANKLE, 0] + 10
    assert points[L_WRIST, 0] > points[R_WRIST, 0] + 5  # arms swing against the legs
    assert points[NOSE, 0] > points[NECK, 0]
    assert points[R_EAR, 2] == 1
    assert points[L_EAR, 2] == 0
    projector = Projector(View(RIGHT, 0.0, 5.0).matrix(), 5.0, (1.0, 1.0), (0.0, 0.0))
    joints = pose_joints(person.proportions, pose)
    brush = Brush(person, joints, 0.0, projector, 1)
    assert brush.depth(joints[R_SHOULDER]) < 0 < brush.depth(joints[L_SHOULDER])


def test_the_near_arm_hides_the_trunk_and_the_trunk_the_far_arm(plain_camera, person):
    long = replace(person, sleeve=1.0, skin=(255, 0, 255))
    # A bare right arm straight down: only its side may show it before the trunk.
    bare = replace(person, skin=(255, 0, 255))
    points = shoot(bare, plain_camera, RIGHT)[1]
    x, y = np.rint(points[3, :2]).astype(int)
    near = shoot(bare, plain_camera, RIGHT)[0][y, x].astype(int)
    assert near[0] > 180
    assert near[1] < 40
    assert near[2] > 180
    covered = shoot(long, plain_camera, RIGHT)[0][y, x].astype(int)
    assert covered[2] < 90


def test_picture_and_key_points_share_one_grid(plain_camera, person):
    """A person who stands straight is symmetric about the key points' middle, to the half pixel."""
    picture, points = shoot(person, plain_camera, FRONT)
    green = np.array((0, 255, 0))
    body = np.abs(picture.astype(int) - green).sum(axis=2) > 150
    body[int(points[R_ANKLE, 1]) :] = False  # the shadow
    assert body.sum() > 1000
    assert (body != body[:, ::-1]).mean() < 0.004
    np.testing.assert_allclose(
        points[[R_SHOULDER, R_HIP], 0] + points[[L_SHOULDER, L_HIP], 0], 63.0, atol=1e-3
    )


def test_joints_lie_on_the_limbs_they_belong_to(plain_camera, person):
    """Bare forearms are skin at the wrist, trousers are blue at the knee, eyes are in the face."""
    for heading in (FRONT, 0.6, 2.6, BACK):
        picture, points = shoot(person, plain_camera, heading, walking_pose(0.3))
        for row, colour in ((4, person.skin), (7, person.skin), (9, person.lower)):
            x, y = np.rint(points[row, :2]).astype(int)
            shade = picture[y, x] / np.array(colour)
            if row != 7 or heading in (FRONT, BACK):  # the far wrist may be hidden in between
                assert 0.75 < shade.min() <= shade.max() < 1.15, (heading, row)


def test_a_backpack_is_seen_from_behind_only(plain_camera, person):
    packed = replace(person, bag="backpack", bag_colour=(250, 250, 250))

    def difference(heading: float) -> int:
        with_bag = shoot(packed, plain_camera, heading)[0].astype(int)
        return int((np.abs(with_bag - shoot(person, plain_camera, heading)[0]) > 8).sum())

    assert difference(FRONT) == 0
    assert difference(BACK) > 600


@pytest.mark.parametrize(
    ("pattern", "seen", "hidden"), [("print", FRONT, BACK), ("back_print", BACK, FRONT)]
)
def test_a_print_is_on_one_side_only(plain_camera, person, pattern, seen, hidden):
    printed = replace(person, pattern=pattern)
    shown = shoot(printed, plain_camera, seen)[0].astype(int)
    assert (np.abs(shown - shoot(person, plain_camera, seen)[0]) > 30).sum() > 100
    np.testing.assert_array_equal(
        shoot(printed, plain_camera, hidden)[0], shoot(person, plain_camera, hidden)[0]
    )


def test_a_bag_at_the_right_hip_is_hidden_from_the_left(plain_camera, person):
    bag = replace(person, bag="right_bag", bag_colour=(250, 250, 250))

    def bright(heading: float) -> int:
        return int((shoot(bag, plain_camera, heading)[0].min(axis=2) > 190).sum())

    assert bright(RIGHT) > 40  # walks to the image's right, shows the right side
    assert bright(LEFT) == 0


@pytest.mark.parametrize(
    ("heading", "elevation", "seen"),
    [
        (FRONT, 0.0, {"front"}),
        (BACK, 0.0, {"back"}),
        (RIGHT, 0.0, {"right"}),
        (LEFT, 0.0, {"left"}),
        (BACK, 0.4, {"back", "top"}),
        (np.pi / 4, 0.0, {"front", "right"}),
    ],
)
def test_the_faces_of_a_bag_are_seen_from_their_own_side(heading, elevation, seen):
    projector = Projector(View(heading, elevation, 5.0).matrix(), 5.0, (1.0, 1.0), (0.0, 0.0))
    faces = box_faces(projector, np.array((0.0, 0.0, 0.5)), np.full(3, 0.1))
    assert set(faces) == seen


def test_poses_are_varied_and_physical():
    rng = np.random.default_rng(0)
    lowest, wrists = [], []
    for _ in range(200):
        joints = pose_joints(Proportions(), sample_pose(rng))
        assert np.isfinite(joints).all()
        for a, b, length in ((2, 3, 0.175), (3, 4, 0.15), (8, 9, 0.24), (12, 13, 0.235)):
            # Leaning shears the arms a little.
            assert np.linalg.norm(joints[a] - joints[b]) == pytest.approx(length, rel=0.06)
        lowest.append(joints[:, 2].min())
        wrists.append(joints[4, 2])
    assert min(lowest) > 0.0
    assert max(lowest) < 0.05
    assert max(wrists) > 0.8  # a phone at the ear
    assert min(wrists) < 0.55


def test_colour_alone_does_not_tell_identities_apart():
    people = [make_person(0, pid) for pid in range(1, 61)]
    dressed = {(person.upper, person.lower) for person in people}
    assert len(dressed) < 45
    assert len(set(people)) == 60


def test_cameras_differ_in_light_and_viewpoint():
    cameras = [make_camera(0, camid, 64, 32) for camid in range(1, 7)]
    assert len({camera.heading for camera in cameras}) == 6
    assert len({camera.elevation for camera in cameras}) == 6
    means = [
        cv2.transform(camera.scenery[None, 0], camera.colour).mean(axis=(0, 1))
        for camera in cameras
    ]
    assert np.ptp(np.array(means), axis=0).min() > 10
