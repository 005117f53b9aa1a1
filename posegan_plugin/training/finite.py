"""Stop at the first number that is not finite, before it reaches a weight, and say where it was."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from posegan_plugin.checkpoint import save_checkpoint
from posegan_plugin.errors import UserError

_NAMED = 8  # files that the message names; the debug checkpoint has all


class NonFiniteError(Exception):
    """A loss or a gradient is nan or infinite; no weight has been touched by it.

    Args:
        terms: What is not finite, and its value.
        process: Number of the process in which it is so; ``None`` where there is one, or where it
            is so in all.
    """

    def __init__(self, terms: Mapping[str, float], process: int | None = None) -> None:
        what = " and ".join(f"{name} is {value}" for name, value in terms.items())
        super().__init__(what if process is None else f"{what} in process {process}")
        self.terms = dict(terms)
        self.process = process


def check_losses(total: Tensor, terms: Mapping[str, Tensor]) -> None:
    """Look at a loss before its backward pass.

    Args:
        total: The weighted sum, a scalar; the only value that is waited for while all is well.
        terms: Unweighted terms by name; those that are no ``loss...`` are statistics.

    Raises:
        NonFiniteError: The sum is not finite; it names the terms at fault.
    """
    if bool(total.isfinite()):
        return
    values = {n: float(v.detach()) for n, v in terms.items() if n.startswith("loss")}
    found = {n: value for n, value in values.items() if not math.isfinite(value)}
    raise NonFiniteError(found or {"the sum of all losses": float(total.detach())})


def check_gradients(networks: Mapping[str, Iterable[nn.Parameter]]) -> None:
    """Look at the gradients of a step before any optimiser makes it.

    Args:
        networks: Name -> the parameters that are about to be updated.

    Raises:
        NonFiniteError: The gradient of a network is not finite.
    """
    gradients = {n: [p.grad for p in ps if p.grad is not None] for n, ps in networks.items()}
    norms = {n: torch.nn.utils.get_total_norm(g) for n, g in gradients.items() if g}
    if norms and not bool(torch.stack([n.isfinite() for n in norms.values()]).all()):
        raise NonFiniteError(
            {f"the gradient of the {k}": float(n) for k, n in norms.items() if not n.isfinite()}
        )


def stop_training(
    fault: NonFiniteError,
    folder: str | Path,
    epoch: int,
    batch: int,
    files: Sequence[str],
    checkpoint: Mapping[str, object],
) -> UserError:
    """Write what is needed to look into a fault; the caller raises what this returns.

    Args:
        fault: What was found.
        folder: Where ``debug_epoch_E_batch_B.pth`` goes.
        epoch: The epoch, from 1, as logs count.
        batch: The batch of the epoch, from 1.
        files: The batch's image files.
        checkpoint: Further content: networks and optimisers, the random numbers before the step.
    """
    path = Path(folder) / f"debug_epoch_{epoch}_batch_{batch}.pth"
    found = {"terms": fault.terms, "epoch": epoch, "batch": batch, "files": list(files)}
    save_checkpoint({**checkpoint, "fault": found}, path)
    named = ", ".join(files[:_NAMED]) + f" and {len(files) - _NAMED} more" * (len(files) > _NAMED)
    return UserError(
        f"{fault} in epoch {epoch}, batch {batch}, which changed no weight; look at its images, or "
        f"lower the learning rate: {named}; networks and optimisers are in {path}"
    )
