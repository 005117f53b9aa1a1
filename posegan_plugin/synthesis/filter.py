"""Which synthesised images are worth keeping: still the person, and not the same image again."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

KEPT, IDENTITY, DIVERSITY = "", "identity", "diversity"
"""Why an image was dropped."""


def filter_images(
    source: Tensor,
    images: Tensor,
    min_similarity: float | None = None,
    max_similarity: float | None = None,
) -> tuple[Tensor, list[str]]:
    """Choose among the images made of one source image, by re-ID descriptors.

    Identity consistency: an image must be similar enough to its source. Diversity: of those that
    are, best first (the earlier one where two are as good), an image is dropped that is too similar
    to the source or to one that is kept.

    Args:
        source: Descriptor of the source image (D,).
        images: Descriptors of the K images made of it (K, D).
        min_similarity: Lowest cosine to the source; ``None``: any.
        max_similarity: Highest cosine to the source and to a kept image; ``None``: any.

    Returns:
        The cosines to the source (K,), and for each image ``""`` if it is kept, else the criterion
        that dropped it: ``identity`` or ``diversity``.
    """
    everything = F.normalize(torch.cat((source[None], images)).double(), dim=1)
    cosines = everything @ everything.T
    similarities = cosines[0, 1:]
    reasons = [IDENTITY] * len(images)
    kept = [0]
    for row in similarities.argsort(descending=True, stable=True).tolist():
        if min_similarity is not None and similarities[row] < min_similarity:
            continue
        too_similar = max_similarity is not None and bool(
            (cosines[row + 1, kept] > max_similarity).any()
        )
        reasons[row] = DIVERSITY if too_similar else KEPT
        if not too_similar:
            kept.append(row + 1)
    return similarities, reasons
