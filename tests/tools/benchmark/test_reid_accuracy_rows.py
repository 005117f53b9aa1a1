"""What the trainings of ``tools/benchmark/reid_accuracy.py`` depend on, row by row."""

import copy
from dataclasses import replace
from types import SimpleNamespace

import pytest
from torch import nn

pytest.importorskip("torchreid")

from posegan_plugin import config_path
from posegan_plugin.for_mmengine.config import load_config


def differences(first, second, path=""):
    if not isinstance(first, dict) or not isinstance(second, dict):
        return {path} if first != second else set()
    missing = object()
    keys = first.keys() | second.keys()
    pairs = ((k, first.get(k, missing), second.get(k, missing)) for k in keys)
    return {d for k, *values in pairs for d in differences(*values, f"{path}.{k}".strip("."))}


@pytest.fixture(scope="module")
def content(parts, people, tmp_path_factory):
    """What a row's training depends on, without training it."""
    preset = parts.presets.PRESETS["small"]
    architecture = {"num_cameras": 3, "type": "PoseTransferGenerator", "image_size": [64, 32]}
    folder = tmp_path_factory.mktemp("runs")
    generator = SimpleNamespace(
        architecture={"generator": architecture},
        path="generator.pth",
        need_generator=lambda: nn.Linear(1, 1),
    )
    store = parts.store.Store(folder / "runs.json")
    runs = parts.runs.Runs(people, preset, folder, generator, "cpu", store)
    families = parts.families.FAMILIES.items()
    settings = {name: parts.search.untuned(family, preset) for name, family in families}

    def of(name, seed=0, **changed):
        family = parts.rows.ROWS[name].family
        own = {**settings, family: replace(settings[family], **changed)}
        return copy.deepcopy(runs._training(name, seed, own).content)

    return of


@pytest.mark.parametrize(
    ("row", "other", "expected"),
    [
        ("quartet_random", "quartet_hard", {"posegan.objective.quartet.mining"}),
        ("quartet_random", "partners", {"posegan.objective.weights.quartet"}),
        ("softmax", "offline", {"trained_on"}),
        ("online_4", "online_2", {"posegan.augment.ratio"}),
        (
            "online_4",
            "quartet_online_4",
            {
                "posegan.augment.label",
                "posegan.mode",
                "posegan.num_partners",
                "posegan.objective",
            },
        ),
        ("quartet_online_4", "hard_quartet_online_4", {"posegan.augment.label"}),
        (
            "quartet_online_4",
            "real_quartets_quartet_online_4",
            {"posegan.objective.quartet_people"},
        ),
        ("correspondence", "hard_joint", {"model.augment.label"}),
        ("correspondence", "real_quartets_joint", {"model.objective.quartet_people"}),
        ("label_same", "label_hard", {"posegan.augment.label"}),
        ("label_same", "label_teacher", {"posegan.augment.label", "posegan.teacher_checkpoint"}),
        ("label_same", "filter", {"posegan.augment.filter"}),
        ("label_same", "warmup", {"posegan.augment.warmup"}),
        ("label_same", "target_cross_camera", set()),
        ("label_same", "target_any", {"posegan.augment.target"}),
        ("label_same", "until", {"posegan.augment.until"}),
        ("online_4", "shrunk_4", {"shrunk"}),
        ("quartet_online_4", "quartet_shrunk_4", {"shrunk"}),
        ("joint", "joint_4_blocks", set()),
        ("joint", "joint_2_blocks", {"model.generator.num_blocks"}),
        ("joint", "joint_no_D_I", {"model.appearance_discriminator"}),
        ("joint", "joint_no_D_P", {"model.pose_discriminator"}),
        ("joint", "joint_no_L_S", {"model.objective.weights.semantic"}),
        ("correspondence", "reid_to_generator", {"model.reid_to_generator"}),
        ("correspondence", "papers_embedding", {"model.reid.embedding_dim"}),
        ("papers_embedding", "papers_classifier", {"model.reid.hidden_dim"}),
        ("real_joint", "real_papers_embedding", {"model.reid.embedding_dim"}),
        ("real_papers_embedding", "real_papers_classifier", {"model.reid.hidden_dim"}),
        ("correspondence", "reid_not_to_generator", set()),
        ("joint", "joint", set()),  # after joint_no_L_S
    ],
)
def test_what_a_row_changes(content, row, other, expected):
    assert differences(content(row), content(other)) == expected


def test_how_a_config_tests_is_nothing_that_a_training_depends_on(content):
    assert not [key for key in content("correspondence")["model"] if key.startswith("test_")]


@pytest.mark.parametrize("row", ["softmax", "joint"])
def test_what_is_tuned(content, row):
    toolbox = row == "softmax"
    learning_rate = "train.lr" if toolbox else "optim_wrapper.reid.optimizer.lr"
    erasing = "data.transforms" if toolbox else "model.reid_input.erase"
    assert differences(content(row), content(row, lr=1.0)) == {learning_rate}
    assert differences(content(row), content(row, erase=True)) == {erasing}
    epochs = differences(content(row), content(row, epochs=3))
    schedule = {"train_cfg.max_epochs", "param_scheduler"}
    assert epochs == ({"train.max_epoch"} if toolbox else schedule)
    assert differences(content(row), content(row, seed=5)) == set()  # it is in the folder's name


def test_rows_of_both_toolboxes_agree(content):
    toolbox, joint = content("softmax"), content("correspondence")
    assert joint["model"]["backbone"]["name"] == toolbox["model"]["name"]
    size = (toolbox["data"]["height"], toolbox["data"]["width"])
    assert tuple(joint["model"]["reid_input"]["size"]) == size
    optimizer = joint["optim_wrapper"]["reid"]["optimizer"]
    assert (optimizer["type"], optimizer["lr"]) == ("Adam", toolbox["train"]["lr"])
    assert optimizer["weight_decay"] == 5e-4  # torchreid's default
    assert joint["train_cfg"]["max_epochs"] == toolbox["train"]["max_epoch"]
    assert joint["param_scheduler"][0]["T_max"] == toolbox["train"]["max_epoch"]


def test_the_shipped_config_is_the_tuned_row(parts, content):
    """6e-3, 40 epochs, erasing: what docs/reid_accuracy.md says of that row holds for users."""
    config = load_config(config_path("pose_quartet_market_small.py"))
    shipped = parts.joint.JointTraining(config).content
    tuned = content("joint_apart", lr=6e-3, epochs=40, erase=True)
    assert differences(tuned, shipped) == set()
