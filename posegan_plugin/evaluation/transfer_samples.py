"""What the scores of a generator are computed from, and how they are averaged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from posegan_plugin.datasets import PersonDataset
from posegan_plugin.evaluation.transfer_pairs import TransferPairs
from posegan_plugin.images import from_uint8


@dataclass(frozen=True)
class TransferSamples:
    """People of N pairs, real and synthesised, on the CPU.

    Attributes:
        dataset: The test people.
        pairs: Which of them are conditions and targets.
        conditions: I_c (N, 3, H, W) in [-1, 1], at the generator's size.
        generated: I_g.
        targets: I_t.
        condition_poses: (N, 18, 3) in pixels of these images.
        target_poses: (N, 18, 3).
        device: Where networks are run.
        batch_size: Images at a time.
    """

    dataset: PersonDataset
    pairs: TransferPairs
    conditions: Tensor
    generated: Tensor
    targets: Tensor
    condition_poses: Tensor
    target_poses: Tensor
    device: torch.device
    batch_size: int = 64

    @property
    def cameras(self) -> Tensor:
        """Cameras of the targets (N,)."""
        return torch.from_numpy(self.dataset.camids[self.pairs.targets])

    def in_batches(
        self, function: Callable[..., Tensor], *values: Tensor, label: str = ""
    ) -> Tensor:
        """Apply ``function`` to the rows of ``values``, see :func:`in_batches`."""
        return in_batches(function, *values, size=self.batch_size, device=self.device, label=label)


def in_batches(
    function: Callable[..., Tensor],
    *values: Tensor,
    size: int,
    device: torch.device,
    label: str = "",
) -> Tensor:
    """Apply a function to a few rows at a time, on a device.

    Args:
        function: Tensors (B, ...) -> tensor (B, ...).
        *values: Its arguments, (N, ...) each.
        size: Rows at a time.
        device: Where the function gets its arguments.
        label: What a progress bar says if this takes long.

    Returns:
        (N, ...) float32 on the CPU.
    """
    parts = list(zip(*(v.split(size) for v in values), strict=True))
    bar = tqdm(parts, label, leave=False, disable=None, delay=2, unit="batch")
    return torch.cat([function(*(v.to(device) for v in part)).float().cpu() for part in bar])


def read_images(dataset: PersonDataset, rows: Tensor) -> Tensor:
    """Images of a data set, (B, 3, H, W) in [-1, 1] on the device of ``rows`` (B,)."""
    images = torch.stack([dataset[row]["image"] for row in rows.tolist()])
    return from_uint8(images.to(rows.device))


class TransferScore(Protocol):
    """A way to score a generator.

    Attributes:
        protocols: Name of each score -> how it is computed, one line.
    """

    protocols: dict[str, str]

    def __call__(self, samples: TransferSamples) -> dict[str, Tensor | float]:
        """Score samples.

        Returns:
            For each name one value a pair (N,), NaN where it has none, or one value for all.
        """


class Average(NamedTuple):
    """A mean over pairs.

    Attributes:
        value: The mean.
        standard_error: Its standard error; ``None`` where there is none (one person, or one value for
            all pairs).
        count: Pairs that have a value; ``None`` with one value for all.
    """

    value: float
    standard_error: float | None = None
    count: int | None = None


def average(values: Tensor | float, pids: np.ndarray) -> Average:
    """Mean over the pairs that have a value, and how far it could be off.

    Pairs of one person are much alike, so the standard error is that of people drawn at random
    (clustered by person) and not of pairs, which would be too small.

    Args:
        values: (N,), NaN where a pair has none; or one value for all.
        pids: (N,) the person of each pair.
    """
    if not isinstance(values, Tensor):
        return Average(values)
    there = ~values.isnan().numpy()
    own, count = values.double().numpy()[there], int(there.sum())
    if not count:
        return Average(float("nan"), None, 0)
    mean = float(own.mean())
    _, person = np.unique(pids[there], return_inverse=True)
    people = int(person.max()) + 1
    if people == 1 or not np.isfinite(mean):
        return Average(mean, None, count)
    sums = np.bincount(person, weights=own - mean)
    error = np.sqrt(np.square(sums).sum() * people / (people - 1)) / count
    return Average(mean, float(error), count)
