"""The weights of the overall objective, equations 11 and 14."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

from posegan_plugin.errors import UserError


@dataclass(frozen=True)
class ObjectiveWeights:
    """Weights of the terms of equation 14; the defaults are the paper's (its section 4).

    A weight of 0 switches its term off. Equation 11, the generator alone, needs a re-ID network that
    is frozen besides: with quartet and identity at 0 one that trains would only decay.

    Args:
        adversarial: lambda_GAN, for the sum of both discriminators' terms (equations 7 and 8).
        reconstruction: lambda_R (equation 9).
        semantic: lambda_S (equation 10).
        quartet: lambda_quartet (equation 12).
        identity: lambda_id (equation 13).
        perceptual: For the perceptual loss, which the paper does not have.
        structural: For the structural loss, likewise.

    Raises:
        UserError: for a weight that is negative or not finite.
    """

    adversarial: float = 5.0
    reconstruction: float = 10.0
    semantic: float = 10.0
    quartet: float = 1.0
    identity: float = 1.0
    perceptual: float = 0.0
    structural: float = 0.0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not (value >= 0 and math.isfinite(value)):
                raise UserError(
                    f"The weight {field.name!r} of the objective is {value}; "
                    "it must be a finite number of at least 0."
                )
