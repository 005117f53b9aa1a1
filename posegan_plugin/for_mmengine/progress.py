"""How far the current training is."""

from __future__ import annotations

from mmengine.logging import MessageHub


def training_progress() -> float:
    """Share of the training's steps that is done, in [0, 1]."""
    hub = MessageHub.get_current_instance()
    return hub.get_info("iter", 0) / max(1, hub.get_info("max_iters", 1))
