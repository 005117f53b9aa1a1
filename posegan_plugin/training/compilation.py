"""``torch.compile`` of networks that keep their names, or one clear sentence why not."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import nn

from posegan_plugin.errors import UserError

_VARIANTS = 64
"""Networks times ways in which each is used: training, evaluation, frozen, batch sizes."""


def compile_networks(
    networks: Iterable[nn.Module | None], device: str, mode: str | bool = True
) -> None:
    """Compile the forward passes of networks, in place, when they are first called.

    Parameters keep their names, so checkpoints do not show it. Each network is compiled again where
    it is used in another way: in training, in evaluation, with frozen weights, at another batch size
    (once; sizes vary freely from then on).

    Args:
        networks: The networks; ``None`` among them is left out.
        device: Type of the device that they run on.
        mode: ``True``, or a mode of ``torch.compile`` such as ``"max-autotune-no-cudagraphs"``.

    Raises:
        UserError: An unknown mode, or torch cannot compile on this machine.
    """
    modes = torch._inductor.list_mode_options()
    if mode is not True and mode not in modes:
        raise UserError(
            f"compile={mode!r} is unknown; choose True, False or one of {', '.join(modes)}"
        )
    check_compiler(device)
    # torch counts the variants of all compiled modules together and stops compiling after eight.
    limits = torch._dynamo.config
    limits.cache_size_limit = max(limits.cache_size_limit, _VARIANTS)
    for network in filter(None, networks):
        network.compile(mode=None if mode is True else mode)


def check_compiler(device: str) -> None:
    """Try ``torch.compile`` on next to nothing; it takes some seconds.

    Raises:
        UserError: It fails.
    """
    needs = "Triton" if device == "cuda" else "a C++ compiler (g++, or what the variable CXX names)"
    try:
        torch.compile(lambda x: x.sin() + 1)(torch.zeros(2, device=device))
    except Exception as error:  # whatever the compiler's many parts raise
        reason = str(error).strip().split("\n")[0]
        raise UserError(
            f"compile: torch.compile does not work on this machine ({reason}); on a {device} it needs "
            f"{needs}: install that, or set compile=False"
        ) from error
