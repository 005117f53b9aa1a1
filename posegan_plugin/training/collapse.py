"""Name a collapsed run as such."""

from __future__ import annotations

COLLAPSED = 0.05
"""Mean pairwise distance of normalised embeddings, 0 to 2, below which a run is called collapsed."""


def collapse_warning(spread: float, threshold: float = COLLAPSED) -> str | None:
    """What to say where all embeddings become one point, which no metric loss leaves by itself.

    Args:
        spread: Mean pairwise distance of normalised embeddings, over an epoch's last batches.
        threshold: Below it there is something to say.
    """
    if not spread < threshold:
        return None
    return (
        f"The embeddings have collapsed: their mean distance is {spread:.3g}. Lower the learning "
        "rate, or let the quartet loss start later (quartet_ramp of the objective). Before it has "
        "started, weight decay does this to an embedding layer (training.spare_from_decay)."
    )
