"""Train a joint network on images with key points."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.utils.data import DataLoader
from tqdm import tqdm

from posegan_plugin.datasets import PersonDataset
from posegan_plugin.images import to_imagenet
from posegan_plugin.models.joint_network import SPLIT, JointNetwork
from posegan_plugin.pose import COCO17_JOINTS, JOINTS
from posegan_plugin.training.joint_frames import FramedPeople, augmented_frames
from posegan_plugin.training.seed import seed_epoch

_COCO_ROWS = [JOINTS.index(name) for name in COCO17_JOINTS]
_SIGMA = 0.015
"""Deviation of the soft targets in image heights: as sure as people who mark joints are."""


@dataclass(frozen=True)
class JointSchedule:
    """How long and how fast to train.

    Attributes:
        epochs: Passes over the people who have key points.
        batch_size: People at a time.
        learning_rate: Adam's at the start; it falls to 0 as a cosine.
        seed: On one device and machine, the same seed gives the same network.
    """

    epochs: int = 30
    batch_size: int = 64
    learning_rate: float = 3e-3
    seed: int = 0


def joint_losses(
    logits: tuple[Tensor, Tensor, Tensor], keypoints: Tensor, size: tuple[int, int]
) -> tuple[Tensor, Tensor]:
    """Cross-entropies of where the joints are and of whether they are there.

    Args:
        logits: Of :meth:`posegan_plugin.models.joint_network.JointNetwork.logits`.
        keypoints: True key points (N, 18, 3) in pixels of the network's input.
        size: (height, width) of the input.

    Returns:
        Of the place, against Gaussians, over the joints that are there (0 without any); and of the
        presence, over all 17 joints.
    """
    column, row, presence = logits
    x, y, score = keypoints[:, _COCO_ROWS].unbind(-1)
    there = score > 0
    sigma = SPLIT * _SIGMA * size[0]
    place = [
        F.cross_entropy(
            logit[there], _soft_bins(at[there], logit.shape[-1], sigma), reduction="sum"
        )
        for logit, at in ((column, x), (row, y))
    ]
    located = (place[0] + place[1]) / there.sum().clamp(min=1)
    return located, F.binary_cross_entropy_with_logits(presence, there.to(presence))


def train_joints(
    network: JointNetwork,
    people: PersonDataset,
    schedule: JointSchedule,
    progress: bool = True,
) -> None:
    """Train a network in place, on the device where it is.

    Args:
        network: The network; its input size is that of ``people``.
        people: Images with key points; those without any joint are left out, as nobody looked.
        schedule: How long.
        progress: Whether to show a progress bar.
    """
    device = next(network.parameters()).device
    loader = DataLoader(FramedPeople(people), schedule.batch_size, shuffle=True)
    optimizer = torch.optim.AdamW(network.parameters(), schedule.learning_rate, weight_decay=1e-2)
    steps = schedule.epochs * len(loader)
    rate = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    network.train()
    with tqdm(total=steps, desc="training", unit="it", mininterval=1, disable=not progress) as bar:
        for epoch in range(schedule.epochs):
            seed_epoch(schedule.seed, epoch)
            for batch in loader:
                frames, keypoints = augmented_frames(*(part.to(device) for part in batch))
                logits = network.logits(to_imagenet(frames))
                place, presence = joint_losses(logits, keypoints, network.image_size)
                optimizer.zero_grad()
                (place + presence).backward()
                optimizer.step()
                rate.step()
                bar.set_postfix(
                    epoch=f"{epoch + 1}/{schedule.epochs}",
                    place=f"{place.item():.2f}",
                    presence=f"{presence.item():.3f}",
                    refresh=False,
                )
                bar.update()
    network.eval()


def _soft_bins(at: Tensor, bins: int, sigma: float) -> Tensor:
    """Distributions (M, bins), Gaussian around places (M,) in pixels; ``sigma`` is in bins."""
    offset = torch.arange(bins, device=at.device) - SPLIT * at[:, None]
    return torch.softmax(-0.5 * (offset / sigma) ** 2, dim=-1)
