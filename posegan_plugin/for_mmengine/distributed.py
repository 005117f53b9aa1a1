"""Several processes: what they agree on, and networks that are wrapped one by one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from mmengine.device import get_device
from mmengine.dist import all_gather_object, all_reduce, get_world_size
from mmengine.model import MMDistributedDataParallel, MMSeparateDistributedDataParallel
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from posegan_plugin.training import NonFiniteError


def any_process(flag: bool) -> bool:
    """Whether it is so in any process; every process gets the same answer, and has to ask."""
    if get_world_size() == 1:
        return flag
    votes = torch.tensor(int(flag))
    all_reduce(votes, "max")
    return bool(votes)


def every_process(flag: bool) -> bool:
    """Whether it is so in every process; every process gets the same answer, and has to ask."""
    return not any_process(not flag)


@contextmanager
def failing_together() -> Iterator[None]:
    """What is not finite for one process is an error in all of them, and every process has to ask.

    The others would otherwise wait for its gradients until their launcher ends them.

    Raises:
        NonFiniteError: Raised inside the block, by this process or another; it names the first.
    """
    fault = None
    try:
        yield
    except NonFiniteError as found:
        fault = found
    if any_process(fault is not None):
        terms = all_gather_object(fault.terms if fault else None)
        process = next(rank for rank, found in enumerate(terms) if found)
        raise NonFiniteError(terms[process], process if len(terms) > 1 else None) from fault


class TransparentDDP(MMDistributedDataParallel):
    """A DDP module whose state dict looks as if it were not wrapped.

    mmengine's own wrapper leaves a ``module.`` level in the keys that its loader does not remove: a
    resumed run would silently start from random weights.
    """

    def state_dict(self, *args: object, **kwargs: object) -> dict:
        """State of the wrapped module."""
        return self.module.state_dict(*args, **kwargs)

    def _load_from_state_dict(self, state: dict, prefix: str, *args: object) -> None:
        inner = f"{prefix}module."
        for key in [k for k in state if k.startswith(prefix) and not k.startswith(inner)]:
            state[inner + key[len(prefix) :]] = state.pop(key)
        super()._load_from_state_dict(state, prefix, *args)


class SeparateDDP(MMSeparateDistributedDataParallel):
    """Wraps every trained network of the model in a :class:`TransparentDDP`, on CPU or GPU.

    Args:
        module: The model; its ``train_step`` is called and calls its networks.
        device_ids: Devices of this process; not used on a CPU.
        broadcast_buffers: Whether batch norm statistics are copied from the first process.
        find_unused_parameters: See ``DistributedDataParallel``.
        **kwargs: Passed to ``DistributedDataParallel``.
    """

    def __init__(
        self,
        module: nn.Module,
        device_ids: list[int] | None = None,
        broadcast_buffers: bool = False,
        find_unused_parameters: bool = False,
        **kwargs: object,
    ) -> None:
        super(DistributedDataParallel, self).__init__()
        self.module = module
        device = get_device()
        for name, child in module._modules.items():
            if child is None:
                continue
            child = child.to(device)
            if name in module.trained_networks:
                child = TransparentDDP(
                    child,
                    device_ids=None if device == "cpu" else device_ids,
                    broadcast_buffers=broadcast_buffers,
                    find_unused_parameters=find_unused_parameters,
                    **kwargs,
                )
            module._modules[name] = child
