"""A tiny Market-1501 of procedural people, and engines on it."""

import contextlib
import io
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from torch import nn

PEOPLE = {
    "num_train_ids": 8,
    "num_test_ids": 4,
    "num_cameras": 3,
    "cameras_per_id": 3,
    "images_per_camera": 2,
    "height": 64,
    "width": 32,
}
INNER = "market1501/Market-1501-v15.09.15"


@pytest.fixture(scope="session")
def market_root(tmp_path_factory):
    """torchreid's ``root`` with 48 training images of 8 people; nobody may write into it."""
    from posegan_plugin.datasets.procedural import ProceduralPeopleSpec, write_procedural_people

    root = tmp_path_factory.mktemp("market_root")
    write_procedural_people(root / INNER, ProceduralPeopleSpec(**PEOPLE), progress=False)
    return root


@pytest.fixture(scope="session")
def market_keypoints(market_root):
    return market_root / INNER / "market-annotation-train.csv"


@pytest.fixture(scope="session")
def upstream_layout(tmp_path_factory):
    """A folder with torchreid's modules where upstream's repository has them."""
    installed = Path(pytest.importorskip("torchreid.reid").__file__).parent
    folder = tmp_path_factory.mktemp("upstream")
    for source in installed.rglob("*.py"):
        copy = folder / "torchreid" / source.relative_to(installed)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(source.read_text().replace("torchreid.reid", "torchreid"))
    return folder


@pytest.fixture
def market_manager(market_root):
    """Builds torchreid's ``ImageDataManager`` on it."""
    return lambda **options: build_manager(market_root, **options)


def build_manager(root, **options):
    from posegan_plugin.for_torchreid.resolver import torchreid_module

    usual = {
        "root": str(root),
        "sources": "market1501",
        "height": 64,
        "width": 32,
        "batch_size_train": 16,
        "batch_size_test": 50,
        "workers": 0,
        "num_instances": 4,
        "train_sampler": "RandomIdentitySampler",
        "use_gpu": False,
    }
    with contextlib.redirect_stdout(io.StringIO()):
        return torchreid_module("data").ImageDataManager(**(usual | options))


@pytest.fixture
def tiny_manager(tiny):
    """Builds torchreid's ``ImageDataManager`` on the tiny people, 72 images of 12."""
    from posegan_plugin.for_torchreid import register

    register()
    usual = {"sources": "procedural_people", "height": 32, "width": 16, "transforms": []}
    usual["train_sampler"] = "RandomSampler"
    return lambda **options: build_manager(tiny.data_root, **(usual | options))


@pytest.fixture
def tiny_keypoints(tiny):
    return tiny.data_root / "procedural_people" / "market-annotation-train.csv"


@pytest.fixture
def people_on_disk(tiny):
    """Image name -> (pid, camid) of the tiny people, pids as torchreid numbers them."""
    files = sorted((tiny.data_root / "procedural_people" / "bounding_box_train").iterdir())
    numbers = {pid: n for n, pid in enumerate(sorted({f.name[:4] for f in files}))}
    return {str(f): (numbers[f.name[:4]], int(f.name[6]) - 1) for f in files}


class Negative(nn.Module):
    """A generator that inverts colours: what comes out says what went in."""

    def __init__(self, num_cameras=0):
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(-1.0))
        self.image_size, self.num_cameras = (32, 16), num_cameras
        self.calls = []

    def forward(self, condition, condition_pose, target_pose, target_camera=None):
        self.calls.append((condition, condition_pose, target_pose, target_camera))
        return condition * self.scale


@pytest.fixture
def negative():
    return Negative


@pytest.fixture
def wrapped(tiny_manager, tiny_keypoints):
    """Builds a ``PoseTransferDataManager`` around one of the tiny people."""
    from posegan_plugin.augment import SynthesisPolicy
    from posegan_plugin.for_torchreid import PoseTransferDataManager

    def wrap(generator=None, plain=None, others=None, **policy):
        return PoseTransferDataManager(
            plain or tiny_manager(),
            generator or Negative(),
            [tiny_keypoints],
            SynthesisPolicy(**policy),
            **(others or {}),
        )

    return wrap


@pytest.fixture
def first():
    """The first batch of a loader, always of the same random numbers."""

    def first(loader):
        torch.manual_seed(0)
        return next(iter(loader))

    return first


class SmallModel(nn.Module):
    """Answers as torchreid's models with loss='triplet' do, with one layer each."""

    def __init__(self, num_classes=4):
        super().__init__()
        self.layer = nn.Conv2d(3, 8, 1)
        self.classifier = nn.Linear(8, num_classes)

    def forward(self, images):
        features = self.layer(images).mean(dim=(2, 3))
        return (self.classifier(features), features) if self.training else features


@pytest.fixture
def small_model():
    torch.manual_seed(1)
    return SmallModel()


def batch(count=16, images_each=4):
    generator = torch.Generator().manual_seed(0)
    return {
        "img": torch.randn(count, 3, 8, 4, generator=generator),
        "pid": torch.arange(count) // images_each,
        "camid": torch.arange(count) % 2,
        "impath": [str(n) for n in range(count)],
        "dsetid": torch.zeros(count, dtype=torch.int64),
    }


@pytest.fixture
def small_batch():
    """torchreid's dict of 16 images of noise, of 4 people."""
    return batch()


@pytest.fixture
def small_manager():
    """The least that torchreid's engines ask of a data manager."""
    tests = {"noise": {part: [batch()] for part in ("query", "gallery")}}
    tests["noise"]["gallery"] = [batch() | {"camid": torch.full((16,), 7)}]
    return SimpleNamespace(
        train_loader=[batch(), batch()],
        test_loader=tests,
        sources=["noise"],
        num_train_pids=4,
        data_type="image",
        height=8,
        width=4,
    )


@pytest.fixture(scope="session")
def joint_engine(market_root, market_keypoints):
    """Builds small ``PoseGANEngine``s: networks by seed, options as the class has them."""
    return lambda **options: build_joint(market_root, market_keypoints, **options)


def build_joint(root, keypoints, seed=0, frozen=(), without=(), schedule=False, **options):
    from posegan_plugin.for_torchreid.people import TrainPeople
    from posegan_plugin.for_torchreid.pose_gan_engine import PoseGANEngine
    from posegan_plugin.for_torchreid.resolver import torchreid_module
    from posegan_plugin.models import (
        AppearanceDiscriminator,
        PoseDiscriminator,
        PoseTransferGenerator,
    )

    manager = build_manager(root, **options.pop("data", {}))
    torch.manual_seed(seed)
    networks = {
        "reid": options.pop("reid", None)
        or torchreid_module("models").build_model(
            "osnet_x0_25", 8, loss="triplet", pretrained=False, use_gpu=False
        ),
        "generator": PoseTransferGenerator((64, 32), options.pop("channels", 8), num_blocks=1),
        "appearance_discriminator": AppearanceDiscriminator(4, 2),
        "pose_discriminator": PoseDiscriminator(4, 2),
    }
    networks |= dict.fromkeys(without)
    for name in frozen:
        networks[name].requires_grad_(False)
    trained = {k: v for k, v in networks.items() if v is not None and k not in frozen}
    optimizers = {k: torch.optim.Adam(v.parameters(), 1e-3) for k, v in trained.items()}
    step = torch.optim.lr_scheduler.StepLR
    schedulers = {k: step(o, 1, 0.5) for k, o in optimizers.items()} if schedule else None
    people = TrainPeople(manager, keypoints, (64, 32))
    usual = {"use_gpu": False, "max_pairs": 8}
    return PoseGANEngine(
        manager,
        *networks.values(),
        **(
            {"optimizers": optimizers, "schedulers": schedulers, "people": people} | usual | options
        ),
    )


@pytest.fixture
def load(tmp_path):
    from posegan_plugin.for_torchreid.yaml_config import load_config

    def load(text, arguments=None, opts=()):
        (tmp_path / "mine.yaml").write_text(text)
        return load_config(str(tmp_path / "mine.yaml"), arguments, opts)

    return load


@pytest.fixture
def refusal(load):
    from posegan_plugin.errors import UserError

    def refusal(text="", opts=()):
        with pytest.raises(UserError) as error:
            load(text, opts=opts)
        return str(error.value)

    return refusal
