"""What the layers of a network say on the way to its output."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from torch import Tensor, nn

from posegan_plugin.errors import UserError


@contextmanager
def captured(network: nn.Module | None, layers: Sequence[str]) -> Iterator[list[Tensor]]:
    """Collect the outputs of layers while the network runs inside this block.

    Args:
        network: The network; ``None`` where no layer is named.
        layers: Names of modules in it, as ``named_modules`` gives them, in the order in which they
            run, for example ``backbone.model.conv2``.

    Yields:
        A list that each forward pass extends by one output a layer.

    Raises:
        UserError: There is no such layer.
    """
    known = dict(network.named_modules()) if network is not None else {}
    maps: list[Tensor] = []

    def keep(module: nn.Module, given: tuple, output: Tensor) -> None:
        maps.append(output.clone())  # a layer behind it may work in place

    with ExitStack() as hooks:
        for name in layers:
            if not name or name not in known:
                near = name.rpartition(".")[0]
                near = near if near in known else ""  # "" is the network itself
                parts = ", ".join(part for part, _ in known[near].named_children())
                raise UserError(
                    f"model objective perceptual_layers: no layer {name!r} in the re-ID network; "
                    f"parts of {near or 'the network'} are {parts}"
                )
            hooks.enter_context(known[name].register_forward_hook(keep))
        yield maps
