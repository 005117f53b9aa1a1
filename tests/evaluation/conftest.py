"""Images, people and samples that need no files."""

import numpy as np
import pytest
import torch

from posegan_plugin.evaluation.transfer_pairs import TransferPairs
from posegan_plugin.evaluation.transfer_samples import TransferSamples
from posegan_plugin.evaluation.trivial_answers import gaussian_blur
from posegan_plugin.images import from_uint8

SIZE = (16, 12)


@pytest.fixture(scope="session")
def random_images():
    """Makes pairs with structure at several scales, in [-1, 1]."""

    def make(count=4, height=48, width=32, seed=0):
        generator = torch.Generator().manual_seed(seed)
        noise = torch.randn(2, count, 3, height, width, generator=generator)
        base = sum(gaussian_blur(noise[0], sigma) * sigma for sigma in (0.5, 1.5, 4.0))
        return base.tanh(), (base + gaussian_blur(noise[1], 1.0)).tanh()

    return make


class RandomPeople:
    """A PersonDataset without files: random pictures, each with a pose of its own."""

    def __init__(self, pids, camids, size=SIZE, joints=18, images=None):
        count = len(pids)
        generator = torch.Generator().manual_seed(0)
        self.image_size = size
        self.pids, self.camids = np.array(pids), np.array(camids)
        self.images = images
        if images is None:
            self.images = torch.randint(
                0, 256, (count, 3, *size), dtype=torch.uint8, generator=generator
            )
        self.keypoints = torch.rand(count, 18, 3, generator=generator) * size[1]
        self.keypoints[..., 2] = (torch.arange(18) < joints).float()

    @property
    def joint_counts(self):
        return (self.keypoints[..., 2] > 0).sum(1)

    def __len__(self):
        return len(self.pids)

    def __getitem__(self, index):
        return {"image": self.images[index]}


@pytest.fixture(scope="session")
def make_people():
    return RandomPeople


@pytest.fixture(scope="session")
def make_samples():
    """Samples of pairs of people whose synthesised images are given; two at a time."""

    def make(people, conditions, targets, generated):
        pairs = TransferPairs(np.array(conditions), np.array(targets))
        images, poses = from_uint8(people.images), people.keypoints
        return TransferSamples(
            people,
            pairs,
            images[conditions],
            generated,
            images[targets],
            poses[conditions],
            poses[targets],
            torch.device("cpu"),
            batch_size=2,
        )

    return make


@pytest.fixture(scope="session")
def naive_scores():
    """CMC, mAP, mINP and the number of valid queries, by the definition."""

    def score(distances, q_pids, g_pids, q_camids, g_camids, max_rank):
        curves, precisions, penalties = [], [], []
        for row, pid, camid in zip(distances, q_pids, q_camids, strict=True):
            ranked = [
                g_pids[j] == pid
                for j in np.argsort(row)
                if not (g_pids[j] == pid and g_camids[j] == camid)
            ]
            ranks = [place for place, match in enumerate(ranked, 1) if match]
            if ranks:
                curves.append([ranks[0] <= k for k in range(1, max_rank + 1)])
                precisions.append(sum(n / rank for n, rank in enumerate(ranks, 1)) / len(ranks))
                penalties.append(len(ranks) / ranks[-1])
        return np.mean(curves, axis=0), np.mean(precisions), np.mean(penalties), len(curves)

    return score
