"""Scores of a generator that need further networks, from the plain values of a config."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch

from posegan_plugin.errors import UserError
from posegan_plugin.evaluation.detected_poses import DetectedPoses
from posegan_plugin.evaluation.perceptual import FID, LPIPS
from posegan_plugin.evaluation.retrieval import Retrieval
from posegan_plugin.evaluation.transfer_samples import TransferScore
from posegan_plugin.for_mmengine.pretrained import load_pretrained


def build_scores(
    options: Mapping[str, object], image_size: tuple[int, int], device: torch.device
) -> list[TransferScore]:
    """Build what a config's ``scores`` asks for.

    Args:
        options: ``lpips``, ``fid``, ``pck``: options of
            :class:`posegan_plugin.evaluation.perceptual.LPIPS`,
            :class:`posegan_plugin.evaluation.perceptual.FID` and
            :class:`posegan_plugin.evaluation.detected_poses.DetectedPoses`. ``retrieval_checkpoint``:
            a re-ID network besides the one under test, best one that never saw a synthesised image
            (a baseline's checkpoint or work dir, or a weight file of ``tools/publish.py``). Each may
            be missing or ``None``.
        image_size: (height, width) of the generator.
        device: Where the networks go.

    Raises:
        UserError: An unknown score or option, or weights that cannot be used.
    """
    builders = {
        "lpips": lambda **kwargs: LPIPS(image_size=image_size, **kwargs),
        "fid": FID,
        "pck": lambda **kwargs: DetectedPoses(device=device, **kwargs),
        "retrieval_checkpoint": lambda path: _independent_retrieval(path, device),
    }
    unknown = [name for name in options if name not in builders]
    if unknown:
        raise UserError(
            f"PoseTransferHook scores: {unknown[0]!r} is unknown; choose from {', '.join(builders)}"
        )
    scores = []
    for name, wanted in options.items():
        if wanted is None:
            continue
        given = {"path": wanted} if name == "retrieval_checkpoint" else wanted
        try:
            scores.append(builders[name](**given))
        except TypeError as error:
            raise UserError(f"PoseTransferHook scores.{name}: {error}") from error
    return scores


def _independent_retrieval(path: str, device: torch.device) -> Retrieval:
    try:
        network = load_pretrained(path, device=device)
        network.need_reid()
    except UserError as error:
        raise UserError(f"PoseTransferHook scores.retrieval_checkpoint: {error}") from error
    return Retrieval(network.describe, f"the re-ID network of {Path(path).name}", "_independent")
