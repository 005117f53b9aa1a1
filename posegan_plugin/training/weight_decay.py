"""Layers and parameters that weight decay would take away."""

from __future__ import annotations

from torch import nn
from torch.optim import Optimizer

from posegan_plugin.training.wrapping import unwrap


def spare_from_decay(optimizer: Optimizer, network: nn.Module) -> None:
    """No weight decay for the layers and parameters that a network names in ``no_weight_decay``.

    That is a sequence of dotted names, or as in timm a method that returns one.

    Adam divides a gradient by its own size, and the decay is part of the gradient: where a layer has
    no other, its weights shrink by a whole learning rate a step, however small the decay, and are
    gone after some hundred steps. That happens to the re-ID network's embedding while the quartet
    loss waits for its ramp.

    Args:
        optimizer: New, and without a scheduler yet; groups that have a weight decay are divided.
        network: Whose parameters it has.
    """
    network = unwrap(network)
    names = getattr(network, "no_weight_decay", ())
    names = tuple(names() if callable(names) else names)
    within = tuple(f"{name}." for name in names)
    parameters = network.named_parameters(remove_duplicate=False)  # one may have two names
    spared = {p for n, p in parameters if n in names or n.startswith(within)}
    for group in list(optimizer.param_groups):
        mine = [p for p in group["params"] if p in spared]
        if group.get("weight_decay") and mine:
            group["params"] = [p for p in group["params"] if p not in spared]
            optimizer.add_param_group({**group, "params": mine, "weight_decay": 0.0})
