"""Does the generator follow the pose and keep the person? Scores over fixed pairs of one person.

SSIM alone is nearly won by grey fog, so it stands beside the same generator with another pair's
target pose (the *pose gap*), the trivial answers, and how often a re-ID network finds the right
person from the synthesised image.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from posegan_plugin.augment import transfer
from posegan_plugin.datasets import PersonDataset
from posegan_plugin.evaluation.image_scores import (
    mask_ssim,
    mask_ssim_patn,
    psnr,
    ssim,
    ssim_patn,
)
from posegan_plugin.evaluation.person_mask import person_mask
from posegan_plugin.evaluation.retrieval import Retrieval
from posegan_plugin.evaluation.transfer_pairs import TransferPairs, fixed_pairs
from posegan_plugin.evaluation.transfer_samples import (
    Average,
    TransferSamples,
    TransferScore,
    average,
    in_batches,
    read_images,
)
from posegan_plugin.evaluation.trivial_answers import MeanImages, trivial_answers
from posegan_plugin.images import resize_images
from posegan_plugin.pose import resize_keypoints

__all__ = [
    "PROTOCOLS",
    "MeanImages",
    "TransferPairs",
    "TransferResult",
    "evaluate_transfer",
    "fixed_pairs",
    "synthesise",
]

_WINDOW = "Gaussian window (sigma 1.5, 11 taps), outer 5 pixels left out"
PROTOCOLS = {
    "SSIM": f"with the true target; range 255 of 8-bit images (fixed), {_WINDOW}",
    "SSIM_shuffled": "SSIM when asked for the next pair's pose (the target's camera kept)",
    "pose_gap": "SSIM - SSIM_shuffled",
    "SSIM_trivial": "SSIM of the best of: condition, blurred condition, mean training images",
    "mask_SSIM": "SSIM map averaged over the target person (limbs 8/128 of the height thick)",
    "PSNR": "dB, range 255 of 8-bit images",
    "SSIM_patn": "range of each generated image, as in PATN's tables; else as SSIM",
    "mask_SSIM_patn": "all but the target person black, then SSIM_patn, as in PATN's tables",
}
"""Name of each score of :func:`evaluate_transfer`, but those of retrieval -> how it is computed."""


@dataclass(frozen=True)
class TransferResult:
    """What an evaluation found.

    Attributes:
        averages: Name -> value with its standard error, see :func:`evaluate_transfer`.
        protocols: Name -> how it was computed, one line.
        samples: The images.
    """

    averages: dict[str, Average]
    protocols: dict[str, str]
    samples: TransferSamples

    @property
    def scores(self) -> dict[str, float]:
        """Name -> value."""
        return {name: average.value for name, average in self.averages.items()}


@torch.no_grad()
def evaluate_transfer(
    generator: nn.Module,
    dataset: PersonDataset,
    pairs: TransferPairs,
    describe: Callable[[Tensor], Tensor],
    means: MeanImages | None = None,
    batch_size: int = 64,
    extra_scores: Sequence[TransferScore] = (),
    elsewhere: bool = False,
) -> TransferResult:
    """Score a generator on pairs.

    Args:
        generator: In evaluation mode.
        dataset: The test people.
        pairs: See :func:`posegan_plugin.evaluation.transfer_pairs.fixed_pairs`.
        describe: Images (B, 3, H, W) in [-1, 1] -> retrieval descriptors (B, D).
        means: Mean training images; without them the trivial answers are copies only.
        batch_size: Images at a time.
        extra_scores: Further scores, as those of :mod:`posegan_plugin.evaluation.perceptual` and
            :mod:`posegan_plugin.evaluation.detected_poses`.
        elsewhere: See :class:`posegan_plugin.evaluation.retrieval.Retrieval`.

    Returns:
        The images, and the scores of :data:`PROTOCOLS`, of
        :class:`posegan_plugin.evaluation.retrieval.Retrieval` and of ``extra_scores``, in this order.
    """
    samples = synthesise(generator, dataset, pairs, batch_size)
    values = _pixel_scores(samples)
    values["SSIM_shuffled"] = samples.in_batches(
        lambda target, *arguments: ssim(transfer(generator, *arguments), target),
        samples.targets,
        samples.conditions,
        samples.condition_poses,
        samples.target_poses.roll(1, dims=0),
        samples.cameras,
        label="Shuffled poses",
    )
    values["pose_gap"] = values["SSIM"] - values["SSIM_shuffled"]
    values["SSIM_trivial"] = max(_trivial(samples, means).values())
    protocols = dict(PROTOCOLS)
    for score in (Retrieval(describe, elsewhere=elsewhere), *extra_scores):
        values |= score(samples)
        protocols |= score.protocols
    pids = dataset.pids[pairs.targets]
    averages = {name: average(values[name], pids) for name in protocols}
    return TransferResult(averages, protocols, samples)


def synthesise(
    generator: nn.Module, dataset: PersonDataset, pairs: TransferPairs, batch_size: int = 64
) -> TransferSamples:
    """Draw the condition of each pair in the pose (and camera) of its target.

    Args:
        generator: In evaluation mode.
        dataset: The people.
        pairs: Conditions and targets.
        batch_size: Images at a time.
    """
    size = tuple(generator.image_size)
    batches = {"size": batch_size, "device": next(generator.parameters()).device}
    conditions, targets = (
        in_batches(
            lambda part: resize_images(read_images(dataset, part), size),
            torch.from_numpy(rows),
            label="Images",
            **batches,
        )
        for rows in (pairs.conditions, pairs.targets)
    )
    poses = resize_keypoints(dataset.keypoints, dataset.image_size, size)
    condition_poses, target_poses = poses[pairs.conditions], poses[pairs.targets]
    generated = in_batches(
        lambda *arguments: transfer(generator, *arguments),
        conditions,
        condition_poses,
        target_poses,
        torch.from_numpy(dataset.camids[pairs.targets]),
        label="Synthesis",
        **batches,
    )
    return TransferSamples(
        dataset,
        pairs,
        conditions,
        generated,
        targets,
        condition_poses,
        target_poses,
        batches["device"],
        batch_size,
    )


def _pixel_scores(samples: TransferSamples) -> dict[str, Tensor | float]:
    names = ("SSIM", "SSIM_patn", "mask_SSIM", "mask_SSIM_patn", "PSNR")

    def score(generated: Tensor, target: Tensor, poses: Tensor) -> Tensor:
        mask = person_mask(poses, tuple(target.shape[-2:]))
        values = (
            ssim(generated, target),
            ssim_patn(generated, target),
            mask_ssim(generated, target, mask),
            mask_ssim_patn(generated, target, mask),
            psnr(generated, target),
        )
        return torch.stack(values, dim=1)

    images = (samples.generated, samples.targets, samples.target_poses)
    return dict(zip(names, samples.in_batches(score, *images, label="SSIM").T, strict=True))


def _trivial(samples: TransferSamples, means: MeanImages | None) -> dict[str, float]:
    images = (samples.conditions, samples.targets)
    if means is None:
        return trivial_answers(*images)
    known = set(samples.cameras.tolist()) <= set(means.by_camera)
    return trivial_answers(
        *images, samples.cameras, means.overall, means.by_camera if known else None
    )
