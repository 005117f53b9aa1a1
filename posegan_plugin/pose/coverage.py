"""How many images have how many joints."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from posegan_plugin.errors import UserError

_MANY = 10


class Coverage(NamedTuple):
    """Numbers of images by how many of the 18 joints they have.

    Attributes:
        none: Images without any joint.
        few: Images with 1 to 9 joints.
        many: Images with 10 or more, which is what the pose bank asks for by default.
    """

    none: int
    few: int
    many: int

    @classmethod
    def of(cls, keypoints: np.ndarray) -> Coverage:
        """Count.

        Args:
            keypoints: Key points (N, 18, 3); a joint is there when its score is above 0.
        """
        joints = (keypoints[..., 2] > 0).sum(axis=-1)
        none, many = int((joints == 0).sum()), int((joints >= _MANY).sum())
        return cls(none, len(joints) - none - many, many)

    def table(self) -> str:
        """The numbers and their shares as lines of text."""
        rows = zip(("0", "1-9", "10+"), self, strict=True)
        lines = [f"{name:>6}  {count:>8}  {self._share(count):>6}" for name, count in rows]
        return "\n".join([f"{'joints':>6}  {'images':>8}  {'share':>6}", *lines])

    def require(self, out: object, causes: str) -> None:
        """Refuse key points that cannot be right.

        Args:
            out: The file that holds them.
            causes: What may have gone wrong.

        Raises:
            UserError: More than half of the images have no joint.
        """
        if 2 * self.none > sum(self):
            raise UserError(
                f"{out} is written, but {self.none} of {sum(self)} images have no joint: {causes}"
            )

    def _share(self, count: int) -> str:
        return f"{100 * count / max(sum(self), 1):.1f} %"
