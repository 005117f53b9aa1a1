"""A tiny model and single training steps of it; trainings of two weights."""

import copy
import itertools

import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.logging import MessageHub
from mmengine.model import BaseModel
from mmengine.runner import Runner
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
    "test_mirror": False,
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


class Line(BaseModel):
    """For what does not depend on the networks."""

    trained_networks = ("line",)

    def __init__(self):
        super().__init__()
        self.line = torch.nn.Linear(1, 1)

    def forward(self, images):
        return self.line(torch.stack(images))

    def train_step(self, data, optim_wrapper):
        optim_wrapper["line"].update_params(self(data).mean())
        return {}

    def val_step(self, data):
        return self(data)


@pytest.fixture
def line_runner(tmp_path):
    """mmengine's runner of a training of two steps an epoch that needs no data."""

    def make(**options):
        loader = {
            "dataset": [torch.ones(1)] * 2,
            "sampler": {"type": "DefaultSampler", "shuffle": False},
            "batch_size": 1,
        }
        defaults = {
            "work_dir": str(tmp_path),
            "train_dataloader": loader,
            "optim_wrapper": {
                "constructor": "MultiOptimWrapperConstructor",
                "line": {"optimizer": {"type": "SGD", "lr": 0.1}},
            },
            "log_level": "ERROR",
            "default_scope": "posegan_plugin",
            "experiment_name": f"line{next(_numbers)}",
        }
        if "val_cfg" in options:
            defaults["val_dataloader"] = copy.deepcopy(loader)
        return Runner(model=Line(), **{**defaults, **options})

    return make


class Two(torch.nn.Module):
    trained_networks = ("first", "second")

    def __init__(self):
        super().__init__()
        self.first = torch.nn.Linear(2, 2)
        self.second = torch.nn.Linear(2, 1)
        self.third = None  # in this mode


@pytest.fixture
def build_two():
    """Makes a model of two networks that train."""
    return Two


@pytest.fixture
def entry():
    """Makes the config of an optimiser wrapper."""
    return lambda lr, **options: {"optimizer": {"type": "SGD", "lr": lr}, **options}
