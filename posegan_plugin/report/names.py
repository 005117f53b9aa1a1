"""What the scores of an evaluation are called, what they say, and which way is up."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple


class Score(NamedTuple):
    """A score.

    Attributes:
        label: Short name.
        meaning: What it says.
        best: ``max`` or ``min``; None for what says something only beside another score.
    """

    label: str
    meaning: str
    best: Callable | None = max


SCORES = {
    "reid/R1": Score("R1", "queries whose first gallery image is the right person"),
    "reid/R5": Score("R5", "queries with the right person among the first 5"),
    "reid/R10": Score("R10", "queries with the right person among the first 10"),
    "reid/R20": Score("R20", "queries with the right person among the first 20"),
    "reid/mAP": Score("mAP", "mean average precision of the ranked lists"),
    "reid/mINP": Score("mINP", "how early the hardest match comes"),
    "transfer/SSIM": Score("SSIM", "synthesised against true image"),
    "transfer/SSIM_trivial": Score(
        "trivial SSIM", "best of copied, blurred and mean images: to be beaten", None
    ),
    "transfer/SSIM_shuffled": Score("shuffled SSIM", "with another pair's target pose", None),
    "transfer/pose_gap": Score("pose gap", "SSIM minus shuffled SSIM: how far it obeys the pose"),
    "transfer/R1_generated": Score("R1 synthesised", "people found by their synthesised image"),
    "transfer/R1_real": Score("R1 real", "the same people found by their true image"),
    "transfer/mAP_generated": Score("mAP synthesised", "asked with the synthesised image"),
    "transfer/mAP_real": Score("mAP real", "asked with the true image"),
    "transfer/mask_SSIM": Score("mask SSIM", "of the person alone"),
    "transfer/PSNR": Score("PSNR", "synthesised against true image, dB"),
    "transfer/SSIM_patn": Score("SSIM (PATN)", "as in PATN's tables"),
    "transfer/mask_SSIM_patn": Score("mask SSIM (PATN)", "as in PATN's tables"),
    "transfer/LPIPS": Score("LPIPS", "perceptual distance to the true image, lower is better", min),
    "transfer/FID": Score("FID", "distance of the sets of images, lower is better", min),
    "transfer/PCK_generated": Score("PCK synthesised", "joints found where they were asked for"),
    "transfer/PCK_real": Score("PCK real", "the detector's own ceiling", None),
}
"""Scores of this package by their logged name, in the order in which they are shown."""
_PERCENTAGES = ("reid/", "transfer/R1_", "transfer/mAP_", "transfer/PCK_")


def describe(name: str) -> Score:
    """A score by its logged name; one that is not of this package speaks for itself.

    Args:
        name: For example ``reid/R1``.
    """
    if name in SCORES:
        return SCORES[name]
    retrieval = name.startswith("reid/")
    return Score(name.split("/", 1)[-1], "", max if retrieval else None)


def in_order(names: Iterable[str]) -> list[str]:
    """Names of scores, each once: this package's in the order of :data:`SCORES`, others as given.

    Args:
        names: Logged names.
    """
    given = dict.fromkeys(names)
    return [n for n in SCORES if n in given] + [n for n in given if n not in SCORES]


def is_percentage(name: str) -> bool:
    """Whether a logged score is in percent.

    Args:
        name: For example ``reid/R1``.
    """
    return name.startswith(_PERCENTAGES)


def format_score(name: str, value: float) -> str:
    """A score as text, with its unit.

    Args:
        name: For example ``reid/R1``.
        value: Its value as logged.
    """
    return f"{value:.1f} %" if is_percentage(name) else f"{value:.3f}"
