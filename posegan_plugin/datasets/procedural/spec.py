"""What to render: the numbers that describe a data set of procedural people."""

from __future__ import annotations

from dataclasses import dataclass, fields

from posegan_plugin.errors import UserError

# A file name has one digit for the camera and four for the identity.
MAX_CAMERAS = 9
MAX_IDS = 9999


@dataclass(frozen=True)
class ProceduralPeopleSpec:
    """How many people, cameras and pictures, and how large.

    The pictures of one identity depend on `seed`, `height` and `width` only, so a data set can grow
    without its people changing. torchreid's own Market-1501 reader accepts at most 6 cameras and
    1501 identities.

    Attributes:
        num_train_ids: Identities of the training split, numbered from 1.
        num_test_ids: Identities of the query and gallery splits, numbered after the training ones.
        num_cameras: Cameras, 2 to 9.
        images_per_camera: Pictures of one identity in one camera in which it appears; at least 2,
            because one of them is a test identity's query and the others are its gallery.
        cameras_per_id: In how many of the cameras an identity appears, 2 to `num_cameras`.
        height: Picture height in pixels, 32 to 1024.
        width: Picture width in pixels, 16 to 1024.
        seed: Seed of everything, 0 or more.

    Raises:
        UserError: If a value is impossible.
    """

    num_train_ids: int = 200
    num_test_ids: int = 60
    num_cameras: int = 6
    images_per_camera: int = 2
    cameras_per_id: int = 4
    height: int = 128
    width: int = 64
    seed: int = 0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not isinstance(value, int) or isinstance(value, bool):
                raise UserError(
                    f"procedural people: {field.name} must be a whole number, not {value!r}."
                )
        self._check("num_train_ids", 1, MAX_IDS)
        self._check("num_test_ids", 1, MAX_IDS)
        self._check("num_cameras", 2, MAX_CAMERAS)
        self._check("images_per_camera", 2, 999)
        self._check("cameras_per_id", 2, MAX_CAMERAS)
        self._check("height", 32, 1024)
        self._check("width", 16, 1024)
        self._check("seed", 0, 2**32 - 1)
        if self.cameras_per_id > self.num_cameras:
            raise UserError(
                f"procedural people: cameras_per_id is {self.cameras_per_id}, more than "
                f"num_cameras {self.num_cameras}; lower the one or raise the other."
            )
        if self.num_train_ids + self.num_test_ids > MAX_IDS:
            raise UserError(
                f"procedural people: num_train_ids + num_test_ids is "
                f"{self.num_train_ids + self.num_test_ids}, more than the {MAX_IDS} that a "
                "Market-1501 file name can hold; lower one of them."
            )

    def _check(self, name: str, low: int, high: int) -> None:
        value = getattr(self, name)
        if not low <= value <= high:
            raise UserError(
                f"procedural people: {name} must be between {low} and {high}, not {value}."
            )
