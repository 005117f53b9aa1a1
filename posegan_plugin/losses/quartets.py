"""Choosing quartets in a batch: anchor, positive, and negatives of two further identities.

Columns 0 to 3 of a quartet are the images 1 to 4 of the paper's equation 12: images 1 and 2 show
one person, image 3 a second and image 4 a third. All choices are made with masked (B, B) tables,
without a loop over the batch, and without asking a GPU how many are valid: that would stop it in
the middle of a training step.
"""

from __future__ import annotations

import torch
from torch import Tensor

from posegan_plugin.transfer import send


def _tables(pids: Tensor, counted: Tensor | None) -> tuple[Tensor, Tensor]:
    """Two (B, B) tables: another image of the same person, and an image of another person."""
    same = pids[:, None] == pids[None, :]
    positive = same & ~torch.eye(len(pids), dtype=torch.bool, device=pids.device)
    if counted is None:
        return positive, ~same
    return positive & counted & counted[:, None], ~same & counted


def _argmax_where(scores: Tensor, allowed: Tensor) -> Tensor:
    """Index of the highest allowed score in the last dimension; anything where none is allowed."""
    return scores.masked_fill(~allowed, -torch.inf).argmax(dim=-1)


def _stack(
    image_2: Tensor, image_3: Tensor, image_4: Tensor, valid: Tensor
) -> tuple[Tensor, Tensor]:
    """Put the anchors in front: (..., B) to (Q, 4) and (Q,)."""
    anchor = torch.arange(image_2.shape[-1], device=image_2.device).expand_as(image_2)
    quartets = torch.stack([anchor, image_2, image_3, image_4], dim=-1)
    return quartets.reshape(-1, 4), valid.expand_as(image_2).reshape(-1)


def random_quartets(
    pids: Tensor, generator: torch.Generator | None = None, per_anchor: int = 1
) -> Tensor:
    """The valid ones of :func:`random_choices`, (Q, 4); a GPU has to be asked how many these are."""
    quartets, valid = random_choices(pids, generator, per_anchor)
    return quartets[valid]


@torch.no_grad()
def random_choices(
    pids: Tensor,
    generator: torch.Generator | None = None,
    per_anchor: int = 1,
    counted: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """Draw quartets at random, as the paper does.

    Every image that has another image of its person and two further people in the batch is the
    anchor of ``per_anchor`` quartets. The positive is uniform over the other images of the person,
    image 3 over the images of all other people, image 4 over the images of the people then left.

    Args:
        pids: (B,) identities, on any device.
        generator: a CPU generator; the same seed then gives the same quartets on every device.
            None draws from torch's default generator.
        per_anchor: quartets per anchor.
        counted: (B,) bool; images that are not are in no valid quartet. None: all are.

    Returns:
        (per_anchor * B, 4) indices into the batch, int64, on the device of ``pids``, one for every
        image, and which of them are valid, (per_anchor * B,) bool.
    """
    if len(pids) == 0:
        return pids.new_empty((0, 4), dtype=torch.int64), pids.new_empty(0, dtype=torch.bool)
    positive, negative = _tables(pids, counted)
    # The highest of independent uniform numbers is a uniform choice. One number per image serves
    # all three: positives and negatives are different images, and the numbers of the images below
    # the highest are still exchangeable.
    size = (per_anchor, len(pids), len(pids))
    scores = send(torch.rand(size, generator=generator), pids.device)
    image_2 = _argmax_where(scores, positive)
    image_3 = _argmax_where(scores, negative)
    left = negative & negative[image_3]
    image_4 = _argmax_where(scores, left)
    # Somebody left for image 4 implies somebody for image 3.
    return _stack(image_2, image_3, image_4, positive.any(dim=-1) & left.any(dim=-1))


def hard_quartets(distances: Tensor, pids: Tensor) -> Tensor:
    """The valid ones of :func:`hard_choices`, (Q, 4); a GPU has to be asked how many these are."""
    quartets, valid = hard_choices(distances, pids)
    return quartets[valid]


@torch.no_grad()
def hard_choices(
    distances: Tensor, pids: Tensor, counted: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Take the hardest quartet of every valid anchor.

    The positive is the farthest image of the person, image 3 the nearest image of anybody else,
    and image 4 the image of a third person that is nearest to image 3, so that each negative
    distance in equation 12 is the smallest that the choices before it leave.

    Args:
        distances: (B, B) distances between the embeddings of the batch.
        pids: (B,) identities on the same device.
        counted: (B,) bool; images that are not are in no valid quartet. None: all are.

    Returns:
        (B, 4) indices into the batch, int64, one quartet for every image, and which of them are
        valid, (B,) bool.
    """
    if len(pids) == 0:
        return pids.new_empty((0, 4), dtype=torch.int64), pids.new_empty(0, dtype=torch.bool)
    positive, negative = _tables(pids, counted)
    image_2 = _argmax_where(distances, positive)
    image_3 = _argmax_where(-distances, negative)
    left = negative & negative[image_3]
    image_4 = _argmax_where(-distances[image_3], left)
    return _stack(image_2, image_3, image_4, positive.any(dim=-1) & left.any(dim=-1))
