"""Adversarial losses, equations 7 and 8."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from posegan_plugin.errors import UserError
from posegan_plugin.losses._numerics import full_precision

KINDS = ("bce", "lsgan", "hinge")


def _check_kind(kind: str) -> None:
    if kind not in KINDS:
        raise UserError(f"The adversarial loss has no kind {kind!r}; choose one of {KINDS}.")


def discriminator_loss(real_logits: Tensor, fake_logits: Tensor, kind: str = "bce") -> Tensor:
    """Loss of a discriminator that tells real images from generated ones.

    Equations 7 and 8, with the sign turned so that it is minimised; the sigmoid is part of the
    loss. The real and the fake term are each averaged over their own elements and then added:

    - "bce": -log D(real) - log(1 - D(fake)), the paper.
    - "lsgan": (real - 1)^2 + fake^2.
    - "hinge": max(1 - real, 0) + max(1 + fake, 0).

    Args:
        real_logits: the discriminator's output for real images, of any shape (a patch
            discriminator's map counts every patch), any floating type.
        fake_logits: the same for generated images; the caller detaches the images.
        kind: "bce", "lsgan" or "hinge".

    Returns:
        A scalar, at least 0, in float32 (float64 stays). Logits of 0 give 2 log 2 for "bce", 1 for
        "lsgan" and 2 for "hinge".

    Raises:
        UserError: for an unknown kind.
    """
    _check_kind(kind)
    real, fake = full_precision(real_logits), full_precision(fake_logits)
    if kind == "bce":
        return F.softplus(-real).mean() + F.softplus(fake).mean()
    if kind == "lsgan":
        return (real - 1).square().mean() + fake.square().mean()
    return F.relu(1 - real).mean() + F.relu(1 + fake).mean()


def generator_loss(fake_logits: Tensor, kind: str = "bce") -> Tensor:
    """Loss of a generator that wants its images taken for real.

    - "bce": -log D(fake). The paper's minimax term log(1 - D(fake)) has the same optimum but
      almost no gradient while the discriminator is winning; this is the non-saturating form.
    - "lsgan": (fake - 1)^2.
    - "hinge": -fake; it has no lower bound.

    Args:
        fake_logits: the discriminator's output for generated images, any shape and floating type.
        kind: "bce", "lsgan" or "hinge".

    Returns:
        A scalar in float32 (float64 stays).

    Raises:
        UserError: for an unknown kind.
    """
    _check_kind(kind)
    fake = full_precision(fake_logits)
    if kind == "bce":
        return F.softplus(-fake).mean()
    if kind == "lsgan":
        return (fake - 1).square().mean()
    return -fake.mean()


class AdversarialLoss(nn.Module):
    """Both sides of the adversarial game (equations 7 and 8).

    It has no ``forward``, since the two sides are called in different steps: use
    ``discriminator(real_logits, fake_logits)`` and ``generator(fake_logits)``.

    Args:
        kind: "bce" (the paper), "lsgan" or "hinge". Defaults to "bce".

    Raises:
        UserError: for an unknown kind.
    """

    def __init__(self, kind: str = "bce") -> None:
        super().__init__()
        _check_kind(kind)
        self.kind = kind

    def discriminator(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        """Return the discriminator's loss, see ``discriminator_loss``."""
        return discriminator_loss(real_logits, fake_logits, self.kind)

    def generator(self, fake_logits: Tensor) -> Tensor:
        """Return the generator's loss, see ``generator_loss``."""
        return generator_loss(fake_logits, self.kind)

    def extra_repr(self) -> str:
        """Show the settings where the model is printed."""
        return f"kind={self.kind!r}"
