"""One optimiser wrapper for each network, and mixed precision that also works on a CPU."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from mmengine.device import get_device
from mmengine.optim import AmpOptimWrapper, ApexOptimWrapper, OptimWrapper, OptimWrapperDict
from mmengine.registry import OPTIM_WRAPPERS, OPTIMIZERS, Registry
from mmengine.runner import autocast
from torch import Tensor, nn
from torch.optim import Optimizer

from posegan_plugin.errors import UserError
from posegan_plugin.for_mmengine.distributed import failing_together
from posegan_plugin.training import NonFiniteError, look_at_step, spare_from_decay, with_fused

_SMALLEST_SCALE = 2.0**-10
"""A loss scale below this means gradients that overflow at any scale."""


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
                mmengine's own for mixed precision; or gradients of several networks are accumulated
                in float16.
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
            _check_wrapper(name, _class_of(OPTIM_WRAPPERS, config))
            optimizer = dict(config.pop("optimizer"))
            network = getattr(model, name)
            parameters = list(network.parameters())
            kind = _class_of(OPTIMIZERS, optimizer)
            if kind is not None:
                optimizer = with_fused(kind, optimizer, parameters[0].device.type)
            optimizer["params"] = parameters
            built = OPTIMIZERS.build(optimizer)
            spare_from_decay(built, network)
            wrappers[name] = OPTIM_WRAPPERS.build(
                {"type": "OptimWrapper", **config}, default_args={"optimizer": built}
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


def _class_of(registry: Registry, config: dict) -> type | None:
    """None for one that is not known; the registry says so when it builds."""
    kind = config.get("type")
    kind = registry.get(kind) if isinstance(kind, str) else kind
    return kind if isinstance(kind, type) else None


def _check_wrapper(network: str, kind: type | None) -> None:
    if kind is not None and issubclass(kind, AmpOptimWrapper | ApexOptimWrapper):
        raise UserError(
            f"optim_wrapper.{network}.type={kind.__name__!r} scales the loss of one network, and here "
            "several share a loss: leave it out and use --amp, or --amp-dtype float16"
        )


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


class Fp16OptimWrapper(OptimWrapper):
    """Automatic mixed precision in float16, for GPUs that are slow at bfloat16.

    Losses are scaled up, so that small gradients do not vanish. Where a gradient overflows, the
    optimiser whose it is makes no step and the scale is halved. The wrappers of one model share a
    scaler, since networks share a loss; call :func:`update_together`.

    Args:
        init_scale: The scale at the start.
        growth_interval: The scale doubles after so many updates without overflow.
        **kwargs: As mmengine's ``OptimWrapper``.

    Attributes:
        scaler: The scaler; its state is part of the checkpoint.
    """

    def __init__(
        self, init_scale: float = 2.0**16, growth_interval: int = 2000, **kwargs: object
    ) -> None:
        super().__init__(**kwargs)
        self.scaler = torch.amp.GradScaler(
            get_device(), init_scale=init_scale, growth_interval=growth_interval
        )

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """Run the forward passes in here under autocast."""
        # mmengine's autocast knows no float16 on a CPU.
        with super().optim_context(model), torch.autocast(get_device(), torch.float16):
            yield

    def backward(self, loss: Tensor, **kwargs: object) -> None:
        """Backward pass of the scaled loss."""
        super().backward(self.scaler.scale(loss), **kwargs)

    def step(self, **kwargs: object) -> None:
        """One step, or none where a gradient has overflowed."""
        if self.clip_grad_kwargs:
            self.scaler.unscale_(self.optimizer)
            self._clip_grad()
        self.scaler.step(self.optimizer, **kwargs)

    def state_dict(self) -> dict:
        """State of optimiser and scaler."""
        return {**super().state_dict(), "loss_scaler": self.scaler.state_dict()}

    def load_state_dict(self, state_dict: dict) -> None:
        """Restore both; the scaler of a run in another precision starts anew."""
        state = dict(state_dict)
        scaler = state.pop("loss_scaler", None)
        if scaler is not None:
            self.scaler.load_state_dict(scaler)
        super().load_state_dict(state)


def update_together(
    loss: Tensor, wrappers: Mapping[str, OptimWrapper], terms: Mapping[str, Tensor] | None = None
) -> dict[str, Tensor]:
    """One backward pass and one step of several optimisers, for networks that share a loss.

    Args:
        loss: Scalar.
        wrappers: The optimisers of all networks that the loss trains, by network. The first one's
            ``accumulative_counts`` says after how many calls a step is made; the count begins anew
            in a run that is resumed.
        terms: The unweighted losses behind it, to name one that is not finite, and what else is to
            be logged.

    Returns:
        The terms, and the sum as ``loss``, on the CPU: logging them waits for no device.

    Raises:
        NonFiniteError: The loss (of this process or another) or a gradient is nan or infinite; none
            of the steps is made. With float16 a gradient may overflow; that is an error only if no
            scale is small enough.
    """
    first = next(iter(wrappers.values()))
    first.backward(first.scale_loss(loss))
    updates, scaler = first.should_update(), getattr(first, "scaler", None)
    trained = wrappers if updates and scaler is None else {}
    seen = look_at_step(
        loss,
        {"loss": loss, **(terms or {})},
        {n: _parameters(w.optimizer) for n, w in trained.items()},
    )
    with failing_together():
        seen.check_losses()
    seen.check_gradients()  # means over the processes, so that all find the same
    if not updates:
        return seen.terms
    for wrapper in wrappers.values():
        wrapper.step()
        wrapper.zero_grad()
    if scaler is not None:
        scaler.update()
        if scaler.get_scale() < _SMALLEST_SCALE:
            networks = " or ".join(wrappers)
            raise NonFiniteError({f"the gradient of the {networks} at any loss scale": math.inf})
    return seen.terms


def _parameters(optimizer: Optimizer) -> list[nn.Parameter]:
    return [p for group in optimizer.param_groups for p in group["params"]]
