"""Steps of several optimisers together, and mixed precision that also works on a CPU."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from mmengine.device import get_device
from mmengine.optim import OptimWrapper
from mmengine.runner import autocast
from torch import Tensor, nn
from torch.optim import Optimizer

from posegan_plugin.for_mmengine.distributed import failing_together
from posegan_plugin.training import NonFiniteError, look_at_step

_SMALLEST_SCALE = 2.0**-10
"""A loss scale below this means gradients that overflow at any scale."""


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
