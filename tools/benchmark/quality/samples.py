"""The same condition-target pairs for every row, and the proof of it."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import Tensor, nn

from posegan_plugin.checkpoint import read_checkpoint
from posegan_plugin.training import unwrap


@dataclass(frozen=True)
class Seen:
    """What a row trained on.

    Attributes:
        samples: Condition-target pairs.
        fingerprint: Hash of all their poses in order: rows of equal fingerprint saw the same.
        seconds: Time of the training steps.
    """

    samples: int
    fingerprint: str
    seconds: float


class SamplesHook(Hook):
    """Draws the same pairs for every row, and keeps count of them in the checkpoints.

    Each step's random numbers depend on the seed and the step alone: a generator with dropout would
    otherwise change which pairs come next.
    """

    priority = "VERY_LOW"

    def before_train(self, runner: Runner) -> None:
        """Look at what the generator is given; a resumed run goes on counting."""
        self._hub = runner.message_hub
        if runner.iter == 0:
            self._hub.update_info_dict({"samples": 0, "fingerprint": "", "seconds": 0.0})
        unwrap(runner.model).generator.register_forward_pre_hook(self._look)

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: dict | None = None
    ) -> None:
        """Seed the step, start the clock."""
        torch.manual_seed(
            int(np.random.SeedSequence([runner.seed, runner.iter]).generate_state(1)[0])
        )
        self._start = time.perf_counter()

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: dict | None = None,
        outputs: dict | None = None,
    ) -> None:
        """Stop it."""
        spent = time.perf_counter() - self._start
        self._hub.update_info("seconds", self._hub.get_info("seconds") + spent)

    def _look(self, generator: nn.Module, given: tuple[Tensor, ...]) -> None:
        digest = hashlib.sha256(self._hub.get_info("fingerprint").encode())
        for poses in given[1:3]:
            digest.update(poses.detach().cpu().contiguous().numpy().tobytes())
        self._hub.update_info("fingerprint", digest.hexdigest())
        self._hub.update_info("samples", self._hub.get_info("samples") + len(given[0]))


def seen_by(checkpoint: Path) -> Seen:
    """What :class:`SamplesHook` has left in a checkpoint."""
    info = read_checkpoint(checkpoint)["message_hub"]["runtime_info"]
    return Seen(info["samples"], info["fingerprint"], info["seconds"])
