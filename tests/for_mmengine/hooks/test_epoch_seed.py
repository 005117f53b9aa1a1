import random
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from posegan_plugin.for_mmengine.hooks import CheckpointFormatHook, EpochSeedHook
from posegan_plugin.for_mmengine.hooks import epoch_seed as module


def draw(seed=0, epoch=0):
    EpochSeedHook().before_train_epoch(SimpleNamespace(seed=seed, epoch=epoch))
    return random.random(), float(np.random.rand()), float(torch.rand(()))


def test_same_seed_and_epoch_give_the_same_numbers():
    first = draw(3, 5)
    torch.rand(7), np.random.rand(7), random.random()
    assert draw(3, 5) == first


@pytest.mark.parametrize(("seed", "epoch"), [(3, 6), (4, 5), (5, 3)])
def test_others_give_others(seed, epoch):
    assert all(a != b for a, b in zip(draw(3, 5), draw(seed, epoch), strict=True))


def test_every_process_has_its_own(monkeypatch):
    first = draw()
    monkeypatch.setattr(module, "get_rank", lambda: 1)
    assert all(a != b for a, b in zip(first, draw(), strict=True))


@pytest.mark.parametrize(("own", "again"), [(None, None), (None, 2), (7, None)])
def test_the_sampler_goes_on_with_the_seed_of_the_checkpoint(line_runner, tmp_path, own, again):
    """Else batches of before would come once more."""

    def run(epochs, **options):
        runner = line_runner(
            train_cfg={"by_epoch": True, "max_epochs": epochs},
            custom_hooks=[CheckpointFormatHook(), EpochSeedHook()],
            **options,
        )
        if own is not None:
            runner._train_dataloader["sampler"]["seed"] = own
        runner.train()
        return runner.seed, runner.train_dataloader.sampler.seed

    first = run(1)
    assert first[1] == (first[0] if own is None else own)
    options = {"resume": True, "load_from": str(tmp_path / "epoch_1.pth")}
    assert run(2, randomness={"seed": again}, **options) == first
