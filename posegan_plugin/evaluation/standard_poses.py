"""A person described by several images: as it was seen, and synthesised in standard poses."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import torch
from scipy.cluster.vq import kmeans2
from torch import Tensor, nn
from torch.nn import functional as F

from posegan_plugin.augment import transfer
from posegan_plugin.errors import UserError
from posegan_plugin.pose import JOINTS, count_joints

OWN_WEIGHT = 2.0
"""Measured, with the cameras, in docs/reid_log.md."""
_BODY = slice(JOINTS.index("neck"), JOINTS.index("left_ankle") + 1)


def standard_poses(keypoints: Tensor, count: int, seed: int = 0) -> Tensor:
    """Real poses that stand for all others: each is the nearest to the centre of a cluster.

    Clusters are k-means on the positions of neck, arms and legs, relative to their mean and their
    extent, so that they differ in pose and view and not in place and size. Poses that lack one of
    these joints take no part; the face may be missing, as it is from behind.

    Args:
        keypoints: Training poses (M, 18, 3) in pixels of images of one size.
        count: How many, at least 1.
        seed: Of the clusters' start.

    Returns:
        (count, 18, 3), different poses.

    Raises:
        UserError: There are fewer than ``count`` different poses.
    """
    complete = (keypoints[:, _BODY, 2] > 0).all(dim=1)
    poses = torch.unique(keypoints[complete], dim=0)
    if not 1 <= count <= len(poses):
        raise UserError(
            f"{count} standard poses were asked for, the training people have {len(poses)} different "
            "ones with neck, arms and legs"
        )
    places = poses[:, _BODY, :2].double()
    places -= places.mean(dim=1, keepdim=True)
    places = (places / places.abs().amax(dim=(1, 2), keepdim=True).clamp(min=1)).flatten(1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a cluster that runs empty keeps its centre
        centres, _ = kmeans2(places.numpy(), count, minit="++", seed=seed)
    chosen: list[int] = []
    for distances in torch.cdist(torch.from_numpy(centres), places):
        distances[chosen] = torch.inf  # two centres may have the same neighbour
        chosen.append(int(distances.argmin()))
    return poses[sorted(chosen)]


@torch.no_grad()
def describe_in_poses(
    describe: Callable[[Tensor], Tensor],
    generator: nn.Module | None,
    images: Tensor,
    keypoints: Tensor,
    poses: Tensor,
    own_weight: float = OWN_WEIGHT,
    min_joints: int = 10,
) -> Tensor:
    """Unit descriptors of people as they were seen and in standard poses, together.

    A generator that is told the camera draws each pose as the next camera would see it: views of
    other cameras are what a query is compared with.

    Args:
        describe: Images (B, 3, H, W) in [-1, 1] -> descriptors (B, D).
        generator: In evaluation mode; not used where there are no poses.
        images: (B, 3, H, W) in [-1, 1].
        keypoints: Their poses (B, 18, 3) in pixels of the images.
        poses: Standard poses (K, 18, 3), likewise; with K = 0 the descriptors are only normalised.
        own_weight: What the image itself counts, where all that is drawn of it counts 1 together.
        min_joints: A person with fewer joints is described by its own image alone.

    Returns:
        (B, D).
    """
    own = F.normalize(describe(images))
    posed = (count_joints(keypoints) >= min_joints).nonzero().squeeze(1)
    if not len(posed) or not len(poses):
        return own
    given = images[posed], keypoints[posed]
    num_cameras = max(getattr(generator, "num_cameras", 0), 1)
    drawn = torch.zeros_like(own[posed])
    for number, pose in enumerate(poses.to(keypoints)):
        camera = torch.full((len(posed),), number % num_cameras, device=images.device)
        image = transfer(generator, *given, pose.expand(len(posed), -1, -1), camera)
        drawn += F.normalize(describe(image)) / len(poses)
    own[posed] = F.normalize(own_weight * own[posed] + drawn)
    return own
