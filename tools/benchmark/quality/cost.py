"""What a generator costs, and which width costs as much as asked."""

from __future__ import annotations

import bisect
from collections.abc import Callable

import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from posegan_plugin.errors import UserError
from posegan_plugin.pose import NUM_JOINTS

_STEP = 4  # widths are multiples of it
_WIDEST = 512


@torch.no_grad()
def gmac(generator: nn.Module) -> float:
    """10^9 multiply-adds of one image."""
    height, width = generator.image_size
    device = next(generator.parameters()).device
    pose = torch.rand(1, NUM_JOINTS, 3, device=device)
    camera = torch.zeros(1, dtype=torch.int64, device=device) if generator.num_cameras else None
    was_training = generator.training
    generator.eval()  # batch norm would take the statistics of one image
    # Fused attention is not counted on every device and by every version of torch.
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        generator(torch.rand(1, 3, height, width, device=device), pose, pose, camera)
    generator.train(was_training)
    return counter.get_total_flops() / 2e9


def width_for(build: Callable[[int], nn.Module], wanted: float) -> int:
    """The width whose cost is nearest to what is wanted.

    Args:
        build: Width, a multiple of 4 -> generator.
        wanted: GMAC an image.

    Raises:
        UserError: Even the widest generator tried costs less.
    """
    widths = range(_STEP, _WIDEST + 1, _STEP)
    costs: dict[int, float] = {}

    def cost(width: int) -> float:
        if width not in costs:
            with torch.random.fork_rng(devices=[]):
                costs[width] = gmac(build(width))
        return costs[width]

    at = bisect.bisect_left(widths, wanted, key=cost)
    if at == len(widths):
        raise UserError(f"no generator of up to {_WIDEST} channels costs {wanted} GMAC")
    near = widths[max(0, at - 1) : at + 1]
    return min(near, key=lambda width: abs(cost(width) - wanted))
