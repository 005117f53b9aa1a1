import copy
from pathlib import Path

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from posegan_plugin import config_path
from posegan_plugin.for_mmengine.config import load_config, set_epochs
from posegan_plugin.registry import MODELS, OPTIMIZERS, PARAM_SCHEDULERS

FOLDER = Path(config_path())
LEAVES = sorted(str(p.relative_to(FOLDER)) for p in FOLDER.rglob("*.py") if "_base_" not in p.parts)
MARKET, SMALL = "pose_quartet_market.py", "pose_quartet_market_small.py"


def load(name):
    return load_config(config_path(name))


def model_of(config):
    model = copy.deepcopy(config.model)
    model.num_identities, model.num_cameras = 751, 6
    return model


class StandIn(torch.nn.Module):
    """In place of a backbone, whose building takes long."""

    feature_dim = 8

    def __init__(self, name, pretrained, image_size):
        super().__init__()
        assert name in ("osnet_x1_0", "osnet_x0_25")


@pytest.mark.parametrize("name", LEAVES)
def test_every_config_builds_its_model(name, tmp_path):
    config = load(name)
    model = model_of(config)
    assert config.work_dir == str(Path("work_dirs") / Path(name).stem)
    if name not in (MARKET, SMALL):
        model.backbone.type = StandIn
    if model.mode == "online":
        trained = MODELS.build(
            {**model.generator, "num_cameras": 6 if model.condition_on_camera else 0}
        )
        torch.save(trained.state_dict(), tmp_path / "generator.pth")
        model.generator_checkpoint = str(tmp_path / "generator.pth")
        built = MODELS.build(model)
    else:
        with torch.device("meta"):  # no memory, no initial values
            built = MODELS.build(model)
    assert built.mode == ("baseline" if "baseline" in name else model.mode)
    assert (built.generator is None) == ("baseline" in name)
    if built.mode == "joint":
        papers = name.startswith("ablations/") and "without_pose_disc" not in name
        assert (built.pose_discriminator is None) == (not papers)
        assert (built.appearance_discriminator is None) == ("without_appearance" in name)
    assert set(built.trained_networks) <= set(config.optim_wrapper)


def test_baselines_differ_in_the_mode_alone():
    pairs = [(n, n.replace("_baseline", "")) for n in LEAVES if n.endswith("_baseline.py")]
    assert len(pairs) >= 4
    for name, whole in pairs:
        baseline, joint = load(name).to_dict(), load(whole).to_dict()
        assert baseline["model"].pop("mode") == "baseline"
        assert joint["model"].pop("mode") == "joint"
        del baseline["work_dir"], joint["work_dir"]
        if "demo" in name:  # more epochs, for about the same time
            for config in (baseline, joint):
                del config["train_cfg"], config["param_scheduler"]
        assert baseline == joint


@pytest.mark.parametrize(
    "name",
    [MARKET, "pose_quartet_duke.py", "pose_quartet_msmt17.py", "ablations/paper_4_blocks.py"],
)
def test_the_papers_schedule(name):
    config = load(name)
    assert config.train_cfg.max_epochs == 800
    networks = ("reid", "generator", "appearance_discriminator", "pose_discriminator")
    for network in networks:
        optimizer = config.optim_wrapper[network].optimizer
        assert (optimizer.type, optimizer.lr) == ("Adam", 2e-4)
    assert config.model.mode == "joint"
    assert config.model.generator.num_blocks == 4


@pytest.mark.parametrize(
    ("name", "dim", "dropout", "erase", "smoothing"),
    [
        (MARKET, None, 0, 0.5, 0.1),
        (SMALL, None, 0, 0.5, 0.1),
        ("ablations/paper_4_blocks.py", 128, 0.5, 0, 0),
    ],
)
def test_reid_network_and_how_real_people_are_shown(name, dim, dropout, erase, smoothing):
    model = load(name).model
    assert (model.reid.embedding_dim, model.reid.hidden_dim) == (dim, dim)
    assert model.reid.dropout == dropout
    assert (model.reid_input.erase, model.objective.label_smoothing) == (erase, smoothing)


@pytest.mark.parametrize(
    ("name", "ratio"),
    [
        (MARKET, 0),  # what came out best: the generator trains beside, and is used in the test
        (SMALL, 0),
        ("pose_quartet_market_small_online.py", 0.25),
        ("pose_quartet_demo.py", 0.25),
        ("ablations/paper_4_blocks.py", 1),
    ],
)
def test_synthesised_people_beside_the_real_ones(name, ratio):
    assert load(name).model.augment.ratio == ratio


def test_the_papers_losses():
    model = load("ablations/paper_4_blocks.py").model
    assert model.generator.correspondence is None
    assert not model.generator.part_warp
    assert not model.condition_on_camera
    assert model.reid_to_generator
    objective = model.objective.to_dict()
    assert objective.pop("quartet") == {"mining": "random"}
    assert objective.pop("quartet_ramp") == (0.0, 0.05)  # a metric loss at once collapses
    assert objective == {
        "weights": {
            "adversarial": 5,
            "reconstruction": 10,
            "semantic": 10,
            "quartet": 1,
            "identity": 1,
            "structural": 0,
        },
        "label_smoothing": 0.0,
        "adversarial": "bce",
        "adversarial_ramp": (0.0, 0.0),
        "semantic_ramp": (0.0, 0.0),
    }


def rates(config, network="generator"):
    """Learning rate of each epoch."""
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = OPTIMIZERS.build({**config.optim_wrapper[network].optimizer, "params": [parameter]})
    schedulers = [
        PARAM_SCHEDULERS.build({**s, "optimizer": optimizer}) for s in config.param_scheduler
    ]
    found = []
    for _ in range(config.train_cfg.max_epochs):
        found.append(optimizer.param_groups[0]["lr"])
        parameter.grad = torch.zeros(1)
        optimizer.step()
        for scheduler in schedulers:
            scheduler.step()
    return found


@pytest.mark.parametrize("epochs", [None, 80])
def test_constant_first_half_then_linear_to_zero(epochs):
    config = load(MARKET)
    if epochs is not None:
        set_epochs(config, epochs)
    found = rates(config)
    half = len(found) // 2
    assert found[: half + 1] == [2e-4] * (half + 1)
    falling = torch.tensor(found[half:], dtype=torch.float64)
    steps = falling[:-1] - falling[1:]
    assert torch.allclose(steps, torch.full_like(steps, 2e-4 / half), rtol=1e-6)
    assert found[-1] == pytest.approx(2e-4 / half)  # and 0 after the last epoch


@pytest.mark.parametrize("name", [MARKET, SMALL, "pose_quartet_demo.py"])
@pytest.mark.parametrize("epochs", [None, 1, 2, 3, 4])
def test_every_epoch_has_a_rate_above_0(name, epochs):
    config = load(name)
    if epochs is not None:
        set_epochs(config, epochs)
    found = rates(config)
    assert min(found) > found[0] / 1000


@pytest.mark.parametrize(
    ("name", "limit"),
    [(MARKET, 4.5), ("ablations/paper_4_blocks.py", 4.5), (SMALL, 0.4)],
)
def test_cost_of_the_generator(name, limit):
    model = model_of(load(name))
    cameras = 6 if model.condition_on_camera else 0
    size = tuple(model.generator.image_size)
    with torch.device("meta"):
        generator = MODELS.build({**model.generator, "num_cameras": cameras}).eval()
        points = torch.zeros(1, 18, 3)
        camera = torch.zeros(1, dtype=torch.long) if cameras else None
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            image = generator(torch.zeros(1, 3, *size), points, points, camera)
    assert image.shape == (1, 3, *size)
    assert limit / 4 < counter.get_total_flops() / 2e9 <= limit
