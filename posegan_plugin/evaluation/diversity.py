"""Do synthesised images of different people look as different as real ones?"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from posegan_plugin.evaluation.distances import pairwise_distances
from posegan_plugin.evaluation.transfer_samples import TransferSamples
from posegan_plugin.images import resize_images


class Diversity:
    """Mean distance between I_g of different people, over that between their I_t.

    Distances are between a re-ID network's descriptors (Euclidean). A generator that draws everybody
    alike gets 0, as the mean training image does; 1 is as diverse as real people are. NaN where all
    pairs are of one person.

    Args:
        describe: Images (B, 3, H, W) in [-1, 1] -> descriptors (B, D).
        network: Which network that is, for the protocol.
        at_most: The first so many pairs are compared, each with each.
    """

    def __init__(
        self, describe: Callable[[Tensor], Tensor], network: str, at_most: int = 500
    ) -> None:
        self._describe = describe
        self._at_most = at_most
        self.protocols = {
            "diversity": f"mean distance between synthesised images of different people, to {network}, "
            f"over that of their true targets; {at_most} pairs at most"
        }

    def __call__(self, samples: TransferSamples) -> dict[str, float]:
        """Score samples, see :class:`posegan_plugin.evaluation.transfer_samples.TransferScore`."""
        taken = slice(self._at_most)
        pids = torch.from_numpy(samples.dataset.pids[samples.pairs.targets[taken]])
        size = samples.dataset.image_size

        def spread(images: Tensor) -> Tensor:
            vectors = samples.in_batches(
                lambda part: self._describe(resize_images(part, size)), images[taken]
            )
            distances = pairwise_distances(vectors, vectors).clamp(min=0).sqrt()
            return distances[pids[:, None] != pids].mean()

        return {"diversity": (spread(samples.generated) / spread(samples.targets)).item()}
