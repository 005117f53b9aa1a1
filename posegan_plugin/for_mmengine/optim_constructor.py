"""One optimiser wrapper for each network that trains."""

from __future__ import annotations

import copy

from mmengine.optim import AmpOptimWrapper, ApexOptimWrapper, OptimWrapperDict
from mmengine.registry import OPTIM_WRAPPERS, OPTIMIZERS
from torch import nn

from posegan_plugin.errors import UserError
from posegan_plugin.for_mmengine.class_of import class_of
from posegan_plugin.for_mmengine.optim import Fp16OptimWrapper
from posegan_plugin.training import spare_from_decay, with_fused


class MultiOptimWrapperConstructor:
    """Builds an ``OptimWrapperDict`` with one entry for each network that the model trains.

    Optimisers that have a fused implementation use it, unless their config says ``fused`` or
    ``foreach``; one that is resumed goes on as it began.

    Args:
        optim_wrapper_cfg: Name of a network (an attribute of the model) -> config of its optimiser
            wrapper. Networks that the model was built without, or that it does not train, are left
            out, so that one schedule serves every mode.
        paramwise_cfg: Part of mmengine's interface; has to be ``None``.

    Raises:
        UserError: ``paramwise_cfg`` is given.
    """

    def __init__(self, optim_wrapper_cfg: dict, paramwise_cfg: dict | None = None) -> None:
        if paramwise_cfg is not None:
            raise UserError(
                "optim_wrapper.paramwise_cfg is not known to MultiOptimWrapperConstructor: leave it "
                "out and set each network's rate and weight decay in optim_wrapper.NETWORK.optimizer"
            )
        self.configs = dict(optim_wrapper_cfg)

    def __call__(self, model: nn.Module) -> OptimWrapperDict:
        """Build the optimiser wrappers of a model.

        Raises:
            UserError: A network that trains has no entry, or an entry is of no network; a wrapper is
                mmengine's own for mixed precision; or gradients are accumulated over other numbers of
                batches by the generator than by the re-ID network, which share a loss, or in float16
                by several networks.
        """
        model = getattr(model, "module", model)
        for name in self.configs:
            if not isinstance(getattr(model, name, name), nn.Module | None):
                raise UserError(
                    f"optim_wrapper has an entry {name!r}, which is no network of this model: check "
                    f"the spelling; it trains {', '.join(model.trained_networks)}"
                )
        wrappers = {}
        for name in model.trained_networks:
            if name not in self.configs:
                raise UserError(f"optim_wrapper has no entry {name!r}, a network of this model")
            config = copy.deepcopy(dict(self.configs[name]))
            _check_wrapper(name, class_of(OPTIM_WRAPPERS, config))
            optimizer = dict(config.pop("optimizer"))
            network = getattr(model, name)
            parameters = list(network.parameters())
            kind = class_of(OPTIMIZERS, optimizer)
            if kind is not None:
                optimizer = with_fused(kind, optimizer, parameters[0].device.type)
            optimizer["params"] = parameters
            built = OPTIMIZERS.build(optimizer)
            spare_from_decay(built, network)
            wrappers[name] = OPTIM_WRAPPERS.build(
                {"type": "OptimWrapper", **config}, default_args={"optimizer": built}
            )
        shared = {w._accumulative_counts for n, w in wrappers.items() if n in ("reid", "generator")}
        if len(shared) > 1:
            raise UserError(
                f"optim_wrapper: accumulative_counts is {' and '.join(map(str, sorted(shared)))} for "
                "generator and reid, which share a loss and a step: give both the same"
            )
        scaled = [w for w in wrappers.values() if isinstance(w, Fp16OptimWrapper)]
        if len(scaled) > 1 and any(w._accumulative_counts > 1 for w in scaled):
            raise UserError(
                "optim_wrapper: accumulative_counts above 1 does not go with --amp-dtype float16: a "
                "step of one network can change the loss scale while gradients of another are "
                "accumulated; use --amp (bfloat16), or leave accumulative_counts out"
            )
        for wrapper in scaled:
            wrapper.scaler = scaled[0].scaler
        return OptimWrapperDict(**wrappers)


def _check_wrapper(network: str, kind: type | None) -> None:
    if kind is not None and issubclass(kind, AmpOptimWrapper | ApexOptimWrapper):
        raise UserError(
            f"optim_wrapper.{network}.type={kind.__name__!r} scales the loss of one network, and here "
            "several share a loss: leave it out and use --amp, or --amp-dtype float16"
        )
