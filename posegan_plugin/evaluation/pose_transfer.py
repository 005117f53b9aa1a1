"""Does the generator follow the pose and keep the person? Scores over fixed pairs of one person.

SSIM alone is nearly won by grey fog, so it stands beside the same generator with another pair's
target pose (the *pose gap*), the trivial answers, and how often a re-ID network finds the right
person from the synthesised image.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import permutations

import numpy as np
import torch
from torch import Tensor, nn

from posegan_plugin.augment import transfer
from posegan_plugin.datasets import PersonDataset
from posegan_plugin.errors import UserError
from posegan_plugin.evaluation.distances import pairwise_distances
from posegan_plugin.evaluation.image_scores import ssim, trivial_answers
from posegan_plugin.images import from_uint8, resize_images
from posegan_plugin.pose import resize_keypoints


@dataclass(frozen=True)
class TransferPairs:
    """Rows of a data set: N conditions, and another image of the same person for each."""

    conditions: np.ndarray
    targets: np.ndarray

    def __len__(self) -> int:
        return len(self.conditions)


def fixed_pairs(
    dataset: PersonDataset,
    count: int,
    min_joints: int = 10,
    seed: int = 0,
    identities: np.ndarray | None = None,
) -> TransferPairs:
    """Random pairs of two images of the same person, the same for the same seed.

    Args:
        dataset: People with key points.
        count: Number of pairs; fewer where the data set has fewer.
        min_joints: People with fewer visible joints are left out.
        seed: Seed.
        identities: Only these people; a gallery may hold distractors that share one label without
            being one person.

    Raises:
        UserError: No person has two images with enough joints.
    """
    usable = (dataset.joint_counts >= min_joints).numpy()
    admitted = np.unique(dataset.pids if identities is None else identities)
    rows = (np.flatnonzero(usable & (dataset.pids == pid)) for pid in admitted)
    pairs = [pair for own in rows for pair in permutations(own.tolist(), 2)]
    if not pairs:
        raise UserError(
            f"no person of the test set has two images with at least {min_joints} joints: the "
            "generator cannot be scored; check the key points"
        )
    chosen = np.random.default_rng(seed).permutation(len(pairs))[:count]
    conditions, targets = np.array([pairs[i] for i in chosen]).T
    return TransferPairs(conditions, targets)


@dataclass
class TransferResult:
    """What an evaluation found.

    Attributes:
        scores: Name -> value, see :func:`evaluate_transfer`.
        conditions: I_c of all pairs (N, 3, H, W) in [-1, 1], at the generator's size.
        generated: I_g.
        targets: I_t.
        condition_poses: (N, 18, 3).
        target_poses: (N, 18, 3).
    """

    scores: dict[str, float]
    conditions: Tensor
    generated: Tensor
    targets: Tensor
    condition_poses: Tensor
    target_poses: Tensor


@dataclass(frozen=True)
class MeanImages:
    """Mean training images, for the trivial answers: over all, and of each camera."""

    overall: Tensor
    by_camera: dict[int, Tensor]

    @classmethod
    def of(cls, dataset: PersonDataset, size: tuple[int, int], at_most: int = 3000) -> MeanImages:
        """Means of (at most so many, evenly spread) images of a data set, at (height, width)."""
        rows = np.linspace(0, len(dataset) - 1, min(at_most, len(dataset))).astype(int)
        sums: dict[int, Tensor] = {}
        for row in rows:
            camera = int(dataset.camids[row])
            image = from_uint8(dataset[row]["image"][None])[0]
            sums[camera] = sums.get(camera, 0) + torch.cat((image, torch.ones_like(image[:1])))
        sized = {c: resize_images((s[:3] / s[3:])[None], size)[0] for c, s in sums.items()}
        total = sum(sums.values())
        return cls(resize_images((total[:3] / total[3:])[None], size)[0], sized)


@torch.no_grad()
def evaluate_transfer(
    generator: nn.Module,
    dataset: PersonDataset,
    pairs: TransferPairs,
    describe: Callable[[Tensor], Tensor],
    means: MeanImages | None = None,
    batch_size: int = 64,
) -> TransferResult:
    """Score a generator on pairs.

    Args:
        generator: In evaluation mode.
        dataset: The test people.
        pairs: See :func:`fixed_pairs`.
        describe: Images (B, 3, H, W) in [-1, 1] -> retrieval descriptors (B, D).
        means: Mean training images; without them the trivial answers are copies only.
        batch_size: Images at a time.

    Returns:
        The images, and the scores: ``SSIM`` of I_g and I_t; ``SSIM_shuffled``, with the next pair's
        target pose; ``pose_gap``, their difference; ``SSIM_trivial``, of the best trivial answer;
        ``R1_generated``, how often (percent) the nearest other image is of the same person, asked
        with I_g; ``R1_real``, asked with I_t. Left out of the gallery: the images of the target's
        camera, the condition and the target.
    """
    device = next(generator.parameters()).device
    size = tuple(generator.image_size)
    everyone = torch.stack([dataset[i]["image"] for i in range(len(dataset))])
    gallery = _in_batches(lambda part: describe(from_uint8(part.to(device))), everyone, batch_size)

    def images(rows: np.ndarray) -> Tensor:
        return torch.cat(
            [
                resize_images(from_uint8(everyone[r].to(device)), size).cpu()
                for r in torch.from_numpy(rows).split(batch_size)
            ]
        )

    poses = resize_keypoints(dataset.keypoints, dataset.image_size, size)
    conditions, targets = images(pairs.conditions), images(pairs.targets)
    condition_poses, target_poses = poses[pairs.conditions], poses[pairs.targets]
    cameras = torch.from_numpy(dataset.camids[pairs.targets])

    def generate(wanted: Tensor) -> Tensor:
        arguments = (conditions, condition_poses, wanted, cameras)
        parts = zip(*(t.split(batch_size) for t in arguments), strict=True)
        return torch.cat(
            [transfer(generator, *(t.to(device) for t in part)).float().cpu() for part in parts]
        )

    generated = generate(target_poses)
    shuffled = generate(target_poses.roll(1, dims=0))
    scores = {
        "SSIM": ssim(generated, targets).mean().item(),
        "SSIM_shuffled": ssim(shuffled, targets).mean().item(),
    }
    scores["pose_gap"] = scores["SSIM"] - scores["SSIM_shuffled"]
    scores["SSIM_trivial"] = max(_trivial(conditions, targets, cameras, means).values())
    for name, asked in (("R1_generated", generated), ("R1_real", targets)):
        queries = _in_batches(
            lambda part: describe(resize_images(part.to(device), dataset.image_size)),
            asked,
            batch_size,
        )
        scores[name] = 100 * _rank_one(queries, gallery, dataset, pairs)
    return TransferResult(scores, conditions, generated, targets, condition_poses, target_poses)


def _in_batches(function: Callable[[Tensor], Tensor], images: Tensor, size: int) -> Tensor:
    return torch.cat([function(part).float().cpu() for part in images.split(size)])


def _trivial(
    conditions: Tensor, targets: Tensor, cameras: Tensor, means: MeanImages | None
) -> dict[str, float]:
    if means is None:
        return trivial_answers(conditions, targets)
    known = set(cameras.tolist()) <= set(means.by_camera)
    return trivial_answers(
        conditions, targets, cameras, means.overall, means.by_camera if known else None
    )


def _rank_one(
    queries: Tensor, gallery: Tensor, dataset: PersonDataset, pairs: TransferPairs
) -> float:
    """Share of the queries whose nearest admitted gallery image is of the same person."""
    distances = torch.as_tensor(pairwise_distances(queries, gallery)).clone()
    pids, camids = torch.from_numpy(dataset.pids), torch.from_numpy(dataset.camids)
    barred = camids[pairs.targets][:, None] == camids[None]
    rows = torch.arange(len(pairs))
    barred[rows, torch.from_numpy(pairs.conditions)] = True
    barred[rows, torch.from_numpy(pairs.targets)] = True
    same = pids[pairs.targets][:, None] == pids[None]
    answerable = (same & ~barred).any(dim=1)
    if not answerable.any():
        return float("nan")
    nearest = distances.masked_fill(barred, float("inf")).argmin(dim=1)
    return same[rows, nearest][answerable].float().mean().item()
