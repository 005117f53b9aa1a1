"""The semantic-consistency loss, equation 10."""

from __future__ import annotations

from torch import Tensor

from posegan_plugin.errors import UserError
from posegan_plugin.losses._numerics import full_precision


def semantic_consistency_loss(
    embedding_condition: Tensor, embedding_generated: Tensor, through: str = "generated"
) -> Tensor:
    """Mean absolute difference of the encoder's embeddings E(I_c) and E(I_g) (equation 10).

    By default E(I_c) is a constant that E(I_g) has to meet. With a gradient through both, the
    easiest way to make the loss small is an encoder whose features shrink. For the same reason the
    caller computes E(I_g) with E's parameters excluded from the gradient; this function cannot.

    Args:
        embedding_condition: E(I_c), any shape and floating type.
        embedding_generated: E(I_g), the same shape.
        through: "generated" sends the gradient to E(I_g) only, "both" to both sides, which is
            the equation read literally.

    Returns:
        A scalar, at least 0, in float32 (float64 stays).

    Raises:
        UserError: for an unknown ``through``.
    """
    if through not in ("generated", "both"):
        raise UserError(
            f"The semantic-consistency loss has through={through!r}; choose 'generated' or 'both'."
        )
    if through == "generated":
        embedding_condition = embedding_condition.detach()
    difference = full_precision(embedding_condition) - full_precision(embedding_generated)
    return difference.abs().mean()
