"""What a user can choose about a synthesised set."""

from __future__ import annotations

from dataclasses import dataclass

from posegan_plugin.errors import UserError

FORMATS = ("jpg", "png")
REAL_IMAGES = ("copy", "none")


@dataclass(frozen=True)
class SynthesisOptions:
    """Options of a synthesised set; each of them changes the images or which of them are there.

    Attributes:
        target: Whose pose a person takes: ``same_id``, ``cross_camera`` or ``any`` (see
            :meth:`posegan_plugin.pose.PoseBank.sample`), or a PATN csv file of poses.
        poses: Images made of each source image; ``None``: 2, or all poses of a file.
        pose_size: (height, width) of the images that the poses of a file belong to; ``None``: the
            size of the output.
        min_joints: Visible joints that a person needs to be a source or a target.
        min_similarity: Synthesised images less similar to their source (cosine of the re-ID
            descriptors) are dropped; ``None`` keeps all.
        max_similarity: Synthesised images more similar than this to their source, or to another one
            made of it, are dropped; ``None`` keeps all.
        size: (height, width) of the synthesised images; ``None``: the generator's.
        format: ``jpg`` or ``png``.
        quality: JPEG quality, 1 to 100.
        batch_size: Images the generator makes at a time.
        amp: Run the networks in bfloat16.
        seed: Seed of the choice of poses.
        real: ``copy`` puts the real images beside the synthesised ones, ``none`` does not.
        limit: Use the first so many source images only; ``None``: all.

    Raises:
        UserError: A value outside its range.
    """

    target: str = "same_id"
    poses: int | None = None
    pose_size: tuple[int, int] | None = None
    min_joints: int = 10
    min_similarity: float | None = None
    max_similarity: float | None = None
    size: tuple[int, int] | None = None
    format: str = "jpg"
    quality: int = 95
    batch_size: int = 64
    amp: bool = False
    seed: int = 0
    real: str = "copy"
    limit: int | None = None

    def __post_init__(self) -> None:
        for key, known in (("format", FORMATS), ("real", REAL_IMAGES)):
            if getattr(self, key) not in known:
                raise UserError(
                    f"{key} {getattr(self, key)!r} is unknown; choose one of {', '.join(known)}"
                )
        for key, low, high in (
            ("poses", 1, 9999),
            ("pose_size", 1, 4096),
            ("min_joints", 1, 18),
            ("min_similarity", -1, 1),
            ("max_similarity", -1, 1),
            ("size", 16, 4096),
            ("quality", 1, 100),
            ("batch_size", 1, 65536),
            ("seed", 0, 2**63 - 1),
            ("limit", 1, 2**63 - 1),
        ):
            value = getattr(self, key)
            values = value if isinstance(value, tuple) else (value,)
            if value is not None and not all(low <= v <= high for v in values):
                shown = " ".join(map(str, values))
                raise UserError(f"{key} {shown} must lie between {low} and {high}")

    @property
    def filters(self) -> bool:
        """Whether any image can be dropped."""
        return self.min_similarity is not None or self.max_similarity is not None
