"""One optimiser wrapper for each network, and mixed precision that also works on a CPU."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from mmengine.optim import OptimWrapper, OptimWrapperDict
from mmengine.registry import OPTIM_WRAPPERS, OPTIMIZERS
from mmengine.runner import autocast
from torch import Tensor, nn

from posegan_plugin.errors import UserError


class MultiOptimWrapperConstructor:
    """Builds an ``OptimWrapperDict`` with one entry for each network that the model trains.

    Args:
        optim_wrapper_cfg: Name of a network (an attribute of the model) -> config of its optimiser
            wrapper. Networks that the model does not have, or that it does not train, are left out,
            so that one schedule serves every mode.
        paramwise_cfg: Not used; part of mmengine's interface.
    """

    def __init__(self, optim_wrapper_cfg: dict, paramwise_cfg: dict | None = None) -> None:
        self.configs = dict(optim_wrapper_cfg)

    def __call__(self, model: nn.Module) -> OptimWrapperDict:
        """Build the optimiser wrappers of a model.

        Raises:
            UserError: A network that trains has no entry.
        """
        model = getattr(model, "module", model)
        wrappers = {}
        for name in model.trained_networks:
            if name not in self.configs:
                raise UserError(f"optim_wrapper has no entry {name!r}, a network of this model")
            config = copy.deepcopy(dict(self.configs[name]))
            optimizer = dict(config.pop("optimizer"))
            optimizer["params"] = list(getattr(model, name).parameters())
            wrappers[name] = OPTIM_WRAPPERS.build(
                {"type": "OptimWrapper", **config},
                default_args={"optimizer": OPTIMIZERS.build(optimizer)},
            )
        return OptimWrapperDict(**wrappers)


class Bf16OptimWrapper(OptimWrapper):
    """Automatic mixed precision in bfloat16, on CPU and GPU; it needs no loss scaling.

    Args:
        **kwargs: As mmengine's ``OptimWrapper``.
    """

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """Run the forward passes in here under autocast."""
        with super().optim_context(model), autocast(dtype=torch.bfloat16):
            yield


def update_together(loss: Tensor, wrappers: Sequence[OptimWrapper]) -> None:
    """One backward pass and one step of several optimisers, for networks that share a loss.

    Args:
        loss: Scalar.
        wrappers: The optimisers of all networks that the loss trains.
    """
    wrappers[0].backward(loss)
    for wrapper in wrappers:
        wrapper.step()
        wrapper.zero_grad()
