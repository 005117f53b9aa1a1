"""The scores of a row, and its grid of pictures."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from mmengine.config import Config
from torch import nn

from posegan_plugin.errors import UserError
from posegan_plugin.evaluation.detected_poses import DetectedPoses
from posegan_plugin.evaluation.diversity import Diversity
from posegan_plugin.evaluation.perceptual import LPIPS
from posegan_plugin.evaluation.pose_transfer import (
    MeanImages,
    TransferResult,
    evaluate_transfer,
    fixed_pairs,
)
from posegan_plugin.evaluation.sharpness import Sharpness
from posegan_plugin.evaluation.transfer_samples import Average, TransferScore
from posegan_plugin.file_hash import file_hash
from posegan_plugin.for_mmengine.dataset import ReIDDataset
from posegan_plugin.for_mmengine.hooks.pose_transfer import transfer_grid
from posegan_plugin.for_mmengine.pretrained import Pretrained
from posegan_plugin.pose.files import write_atomic
from posegan_plugin.visualization.grid import save_image
from quality.configs import JUDGE
from quality.cost import gmac

JUDGE_NAME = f"a {JUDGE} trained on real people only, which no generator was trained against"
_GRID_ROWS = 10
_SEED = 0  # of the pairs: the same in all seeds of the trainings


@dataclass(frozen=True)
class Files:
    """Weights of further judges; without one its score is not measured.

    Attributes:
        joints: An ONNX file of a pose estimator, see ``tools/train_joints.py``.
        lpips: State dict of torchvision's alexnet.
    """

    joints: Path | None = None
    lpips: Path | None = None


class Scorer:
    """Scores generators on the same pairs of test people.

    What the user has named is looked at here, before hours are spent; :meth:`use` brings the judge.

    Args:
        config: Of :func:`quality.configs.base_config`; says who the people are.
        pairs: How many pairs.
        files: Weights of further judges.
        device: Where networks run.

    Raises:
        UserError: There are fewer pairs than asked for, or weights cannot be used.
    """

    def __init__(self, config: Config, pairs: int, files: Files, device: str) -> None:
        self._config = config
        self.device = device
        self.image_size = tuple(config.test_dataset.image_size)
        self._extra: list[TransferScore] = [Sharpness()]
        if files.joints:
            self._extra.append(DetectedPoses("rtmpose", files.joints, device=device))
        if files.lpips:
            self._extra.append(LPIPS(files.lpips, image_size=self.image_size))
        self.dataset = ReIDDataset(**{**_options(config.test_dataset), "cache": True})
        searched_for = self.dataset.pids[: self.dataset.num_query]
        self.pairs = fixed_pairs(self.dataset, pairs, seed=_SEED, identities=searched_for)
        if len(self.pairs) < pairs:
            raise UserError(
                f"--pairs {pairs}: the test people make only {len(self.pairs)} pairs; ask for fewer"
            )
        rows = np.stack((self.pairs.conditions, self.pairs.targets))
        self.facts = {
            "pairs": len(self.pairs),
            "people": len(np.unique(self.dataset.pids[self.pairs.targets])),
            "pairs_sha256": hashlib.sha256(rows.astype("<i8").tobytes()).hexdigest(),
            "joints": file_hash(files.joints) if files.joints else None,
            "lpips": file_hash(files.lpips) if files.lpips else None,
        }

    def use(self, judge: Pretrained) -> None:
        """Take a re-ID network that looks for the people."""
        self._judge = judge
        self._extra.append(Diversity(judge.describe, JUDGE_NAME))
        self.facts["judge"] = judge.sha256

    @cached_property
    def means(self) -> MeanImages:
        """Mean training images."""
        loader = self._config.train_dataloader
        people = ReIDDataset(**_options(loader.dataset))
        return MeanImages.of(people, self.image_size)

    @property
    def num_cameras(self) -> int:
        """Cameras of the data set."""
        return self.dataset.splits.num_cameras

    def score(self, generator: nn.Module, folder: Path, facts: dict) -> dict:
        """Score a generator; ``scores.json`` and ``grid.png`` go into the folder.

        Args:
            generator: It is brought to the device and into evaluation mode.
            folder: Where they go.
            facts: What else is known of the generator, for the file.

        Returns:
            What ``scores.json`` holds.
        """
        generator.to(self.device).eval()
        result = evaluate_transfer(
            generator,
            self.dataset,
            self.pairs,
            self._judge.describe,
            self.means,
            extra_scores=self._extra,
            elsewhere=True,
        )
        content = {
            **facts,
            "gmac": gmac(generator),
            "scored_by": self.facts,
            "scores": {name: _entry(average) for name, average in result.averages.items()},
            "protocols": _protocols(result),
        }
        save_image(folder / "grid.png", transfer_grid(result.samples, _GRID_ROWS))
        write_atomic(folder / "scores.json", (json.dumps(content, indent=1) + "\n").encode())
        return content

    def kept(self, folder: Path) -> dict | None:
        """What an earlier call has left, if it was scored by the same judges on the same pairs."""
        path = folder / "scores.json"
        if not path.is_file():
            return None
        content = json.loads(path.read_text())
        return content if content["scored_by"] == self.facts else None


def _options(dataset: dict) -> dict:
    return {k: v for k, v in dataset.items() if k != "type"}


def _entry(average: Average) -> dict[str, float | None]:
    value = average.value if math.isfinite(average.value) else None  # JSON knows no NaN
    return {"value": value, "standard_error": average.standard_error}


def _protocols(result: TransferResult) -> dict[str, str]:
    return {
        name: text.replace("the re-ID network under test", JUDGE_NAME)
        for name, text in result.protocols.items()
    }
