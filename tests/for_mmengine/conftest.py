"""A tiny model and single training steps of it."""

import copy
import itertools

import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.logging import MessageHub
from torch.utils.data import default_collate

from posegan_plugin.datasets import IdentitySampler
from posegan_plugin.for_mmengine import MultiOptimWrapperConstructor, ReIDDataset
from posegan_plugin.for_mmengine.config import load_config
from posegan_plugin.registry import MODELS

# Every term from the first step on.
FULL = {
    "objective.adversarial_ramp": (0.0, 0.0),
    "objective.semantic_ramp": (0.0, 0.0),
    "objective.quartet_ramp": (0.0, 0.0),
    "augment.warmup": 0.0,
    "augment.ratio": 0.5,
    "max_pairs": None,
    "test_poses": 0,
}
_numbers = itertools.count()


@pytest.fixture(scope="session")
def config(tiny):
    found = load_config(str(tiny.config), None, str(tiny.data_root))
    found.model.num_identities, found.model.num_cameras = 12, 3
    return found


@pytest.fixture(scope="session")
def people(config):
    options = {k: v for k, v in config.train_dataloader.dataset.items() if k != "type"}
    return ReIDDataset(**options)


@pytest.fixture(scope="session")
def batch(people):
    rows = list(itertools.islice(IdentitySampler(people, 4, 2), 8))
    return default_collate([people[i] for i in rows])


@pytest.fixture
def build(config):
    def make(**options):
        model = copy.deepcopy(config.model)
        for key, value in {**FULL, **options}.items():
            *parents, last = key.split(".")
            place = model
            for parent in parents:
                place = place.setdefault(parent, ConfigDict())
            place[last] = value
        torch.manual_seed(0)
        return MODELS.build(model)

    return make


@pytest.fixture
def step(config):
    """One training step at a point of the training; what it logs, and what it changed."""

    def run(model, data, progress=0.5, seed=0):
        hub = MessageHub.get_instance(f"test_model{next(_numbers)}")
        hub.update_info("iter", round(1000 * progress))
        hub.update_info("max_iters", 1000)
        entries = {k: v for k, v in config.optim_wrapper.items() if isinstance(v, dict)}
        wrappers = MultiOptimWrapperConstructor(entries)(model)
        before = copy.deepcopy(model.state_dict())
        model.train()
        torch.manual_seed(seed)
        log = model.train_step(data, wrappers)
        trained = {k for k, _ in model.named_parameters()}
        changed = {k for k, v in model.state_dict().items() if not torch.equal(v, before[k])}
        return log, {k.split(".")[0] for k in changed & trained}, changed - trained

    return run
