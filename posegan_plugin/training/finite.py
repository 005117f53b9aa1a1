"""Stop at the first number that is not finite, before it reaches a weight, and say where it was."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
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


@dataclass
class Seen:
    """Values of a step, on the host.

    Attributes:
        total: The weighted sum of the losses.
        terms: Unweighted terms by name, each a scalar; those that are no ``loss...`` are statistics,
            and ``loss`` is the sum itself.
        norms: Norm of each network's gradient by name.
    """

    total: float
    terms: dict[str, Tensor]
    norms: dict[str, float]

    def check_losses(self) -> None:
        """Refuse a loss that is not finite.

        Raises:
            NonFiniteError: The sum is not finite; it names the terms at fault.
        """
        if math.isfinite(self.total):
            return
        losses = {n: v.item() for n, v in self.terms.items() if n.startswith("loss")}
        found = {n: v for n, v in losses.items() if n != "loss" and not math.isfinite(v)}
        raise NonFiniteError(found or {"the sum of all losses": self.total})

    def check_gradients(self) -> None:
        """Refuse a gradient that is not finite.

        Raises:
            NonFiniteError: It names the networks.
        """
        found = {n: v for n, v in self.norms.items() if not math.isfinite(v)}
        if found:
            raise NonFiniteError({f"the gradient of the {n}": v for n, v in found.items()})


def look_at_step(
    total: Tensor | None,
    terms: Mapping[str, Tensor],
    networks: Mapping[str, Iterable[nn.Parameter]],
) -> Seen:
    """Bring what has to be known of a step to the host, before any optimiser makes it.

    All of it comes at once: each look by itself would stop a GPU.

    Args:
        total: The weighted sum of the losses, a scalar; ``None`` where only gradients are wanted.
        terms: Unweighted terms by name.
        networks: Name -> the parameters that are about to be updated.
    """
    gradients = {n: [p.grad for p in ps if p.grad is not None] for n, ps in networks.items()}
    norms = {n: torch.nn.utils.get_total_norm(g) for n, g in gradients.items() if g}
    totals = [] if total is None else [total]
    values = [v.detach() for v in (*totals, *terms.values(), *norms.values())]
    if not values:
        return Seen(0.0, {}, {})
    widest = reduce(torch.promote_types, (v.dtype for v in values), torch.float32)
    on_host = torch.stack([v.to(widest) for v in values]).cpu()
    numbers, first, last = on_host.tolist(), len(totals), len(totals) + len(terms)
    return Seen(
        numbers[0] if totals else 0.0,
        dict(zip(terms, on_host[first:last].unbind(), strict=True)),
        dict(zip(norms, numbers[last:], strict=True)),
    )


def check_step(
    total: Tensor,
    terms: Mapping[str, Tensor],
    networks: Mapping[str, Iterable[nn.Parameter]],
) -> dict[str, Tensor]:
    """Look at a loss and its gradients; see :func:`look_at_step`.

    Returns:
        The terms as they were, on the host, for the log.

    Raises:
        NonFiniteError: The sum or the gradient of a network is not finite.
    """
    seen = look_at_step(total, terms, networks)
    seen.check_losses()
    seen.check_gradients()
    return seen.terms


def check_losses(total: Tensor, terms: Mapping[str, Tensor]) -> None:
    """Look at a loss alone, as :func:`check_step` does."""
    check_step(total, terms, {})


def check_gradients(networks: Mapping[str, Iterable[nn.Parameter]]) -> None:
    """Look at the gradients alone, as :func:`check_step` does."""
    look_at_step(None, {}, networks).check_gradients()


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
