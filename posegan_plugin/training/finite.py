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
_TERM, _NORM = "term", "norm"
_TOTAL = ("total", "the sum of all losses")


class NonFiniteError(Exception):
    """A loss or a gradient is nan or infinite; no weight has been touched by it.

    Args:
        terms: What is not finite, and its value.
    """

    def __init__(self, terms: Mapping[str, float]) -> None:
        super().__init__(" and ".join(f"{name} is {value}" for name, value in terms.items()))
        self.terms = dict(terms)


def check_losses(total: Tensor, terms: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Look at a loss, as :func:`check_step` does."""
    return check_step(total, terms, {})


def check_gradients(networks: Mapping[str, Iterable[nn.Parameter]]) -> None:
    """Look at the gradients of a step, as :func:`check_step` does."""
    check_step(None, {}, networks)


def check_step(
    total: Tensor | None,
    terms: Mapping[str, Tensor],
    networks: Mapping[str, Iterable[nn.Parameter]],
) -> dict[str, Tensor]:
    """Look at a loss and its gradients before any optimiser makes a step.

    Everything comes from the device at once: each look by itself would stop a GPU.

    Args:
        total: The weighted sum, a scalar; ``None`` where only gradients are looked at.
        terms: Unweighted terms by name; those that are no ``loss...`` are statistics, and ``loss``
            is the sum itself.
        networks: Name -> the parameters that are about to be updated.

    Returns:
        The terms as they were, on the CPU, for the log.

    Raises:
        NonFiniteError: The sum is not finite (it names the terms at fault), or the gradient of a
            network is not.
    """
    gradients = {n: [p.grad for p in ps if p.grad is not None] for n, ps in networks.items()}
    values = {(_TERM, n): v for n, v in terms.items()}
    values |= {(_NORM, n): torch.nn.utils.get_total_norm(g) for n, g in gradients.items() if g}
    if total is not None:
        values[_TOTAL] = total
    if not values:
        return {}
    on_host = torch.stack([v.detach().float() for v in values.values()]).cpu()
    found = dict(zip(values, on_host.unbind(), strict=True))
    bad = {k: v for k, v in zip(values, on_host.tolist(), strict=True) if not math.isfinite(v)}
    if _TOTAL in bad:
        losses = {n: v for (kind, n), v in bad.items() if kind == _TERM and _is_loss(n)}
        raise NonFiniteError(losses or {_TOTAL[1]: bad[_TOTAL]})
    faults = {f"the gradient of the {n}": v for (kind, n), v in bad.items() if kind == _NORM}
    if faults:
        raise NonFiniteError(faults)
    return {n: found[_TERM, n] for n in terms}


def _is_loss(name: str) -> bool:
    return name.startswith("loss") and name != "loss"


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
