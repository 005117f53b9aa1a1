import functools
import os
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
import torch
from PIL import Image

pytest.importorskip("torchreid")

import posegan_plugin
from posegan_plugin.errors import UserError
from posegan_plugin.for_torchreid import Registered, register
from posegan_plugin.for_torchreid.models import build_generator
from posegan_plugin.for_torchreid.patches import PATCHES
from posegan_plugin.for_torchreid.resolver import torchreid_module

CHECKOUT = Path(posegan_plugin.__file__).parents[1]


def tables():
    return (
        vars(torchreid_module("data.datasets"))["__image_datasets"],
        vars(torchreid_module("models"))["__model_factory"],
    )


def owner_of(patch):
    *classes, name = patch.name.split(".")
    return functools.reduce(getattr, classes, torchreid_module(patch.module)), name


@pytest.fixture
def clean(monkeypatch):
    """torchreid as if nothing had been registered; (data sets, models)."""
    for table in tables():
        for name, entry in list(table.items()):
            if str(getattr(entry, "__module__", "")).startswith("posegan_plugin"):
                monkeypatch.delitem(table, name)
    for patch in PATCHES:
        owner, name = owner_of(patch)
        now = getattr(owner, name)
        monkeypatch.setattr(owner, name, getattr(now, "__wrapped__", now))
    before = [dict(table) for table in tables()]
    yield tables()
    for table, entries in zip(tables(), before, strict=True):
        table.clear()
        table.update(entries)


def test_what_is_added(clean):
    datasets, models = clean
    before = set(datasets), set(models)
    added = register()
    assert set(added.datasets) == {"procedural_people", "augmented_market"}
    assert set(datasets) - before[0] == set(added.datasets)
    assert set(models) - before[1] == set(added.models)
    backbones = before[1] - {"hacnn"}
    assert set(added.models) == {"posegan_generator", *(f"posegan_{b}" for b in backbones)}
    assert added.patches == tuple(f"{p.module}.{p.name}" for p in PATCHES)
    said = str(added)
    assert "\n" not in said
    for name in ("procedural_people", "augmented_market", "posegan_generator", "osnet_x1_0"):
        assert name in said
    assert "data.datamanager.build_transforms" in said


def test_a_second_time_nothing_is_added(clean, capsys):
    register()
    before = [dict(t) for t in tables()], [getattr(*owner_of(p)) for p in PATCHES]
    again = register()
    assert again == Registered()
    assert str(again) == "posegan_plugin in torchreid: nothing to add"
    assert ([dict(t) for t in tables()], [getattr(*owner_of(p)) for p in PATCHES]) == before
    assert capsys.readouterr().out == ""


def test_backbones_that_were_registered_in_between(clean):
    register()
    clean[1]["mine"] = lambda **options: None
    assert register() == Registered(models=("posegan_mine",))


@pytest.mark.parametrize(
    ("table", "name", "kind"),
    [
        (0, "procedural_people", "data set"),
        (1, "posegan_generator", "model"),
        (1, "posegan_osnet_x0_25", "model"),
    ],
)
def test_collision(clean, table, name, kind):
    theirs = object()
    clean[table][name] = theirs
    before = [dict(t) for t in clean]
    with pytest.raises(UserError, match=rf"another {kind} of the name '{name}'.*force=True"):
        register()
    assert [dict(t) for t in clean] == before
    assert not hasattr(getattr(*owner_of(PATCHES[0])), "posegan_plugin")
    added = register(force=True)
    assert name in (added.datasets, added.models)[table]
    assert clean[table][name] is not theirs
    assert register() == Registered()


def test_importing_patches_nothing_and_loads_no_toolbox():
    code = """
import sys
import posegan_plugin.for_torchreid as side
print([m for m in sys.modules if m.split(".")[0] in ("torch", "torchreid", "mmengine")])
print(side.__all__)
try:
    side.nothing
except AttributeError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        capture_output=True,
        text=True,
        check=True,
    )
    loaded, names, error = done.stdout.splitlines()
    assert loaded == "[]"
    assert {"PoseTransferDataManager", "Registered", "TrainPeople", "register"} <= set(eval(names))
    assert error == "module 'posegan_plugin.for_torchreid' has no attribute 'nothing'"


@pytest.mark.parametrize("loss", ["softmax", "triplet"])
def test_reid_network_answers_as_torchreids_models(clean, loss):
    register()
    build = torchreid_module("models").build_model
    network = build("posegan_osnet_x0_25", 5, loss=loss, pretrained=False, use_gpu=False)
    images = torch.randn(4, 3, 64, 32)
    output = network.train()(images)
    shapes = [tuple(o.shape) for o in (output if loss == "triplet" else [output])]
    assert shapes == [(4, 5), (4, 128)][: len(shapes)]
    assert isinstance(output, tuple) == (loss == "triplet")
    with torch.no_grad():
        features = network.eval()(images)
        assert torch.equal(features, network.backbone(images))
    assert features.shape == (4, 512)
    # Layers by the names that torchreid's two-stepped training and staged learning rates ask for.
    torchreid_module("utils").open_specified_layers(network, ["classifier", "embedding"])
    assert not any(p.requires_grad for p in network.backbone.parameters())


def test_unknown_loss(clean):
    register()
    with pytest.raises(UserError, match="loss='centre' is unknown"):
        torchreid_module("models").build_model("posegan_resnet18", 5, "centre", pretrained=False)


def test_generator(clean):
    register()
    with pytest.warns(UserWarning, match="no pretrained weights"):
        generator = torchreid_module("models").build_model("posegan_generator", 0, pretrained=True)
    assert generator.image_size == (128, 64)
    assert generator.correspondence is not None
    assert generator.part_warp is not None
    papers = {"correspondence": None, "part_warp": False}
    small = build_generator(image_size=(32, 16), channels=8, num_cameras=3, **papers)
    assert (small.image_size, small.num_cameras) == ((32, 16), 3)
    assert (small.correspondence, small.part_warp) == (None, None)


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("market1501", "http://188.138.127.15:81/Datasets/Market-1501-v15.09.15.zip"),
        ("university1652", "https://drive.google.com/uc?id="),
    ],
)
def test_nothing_is_downloaded(clean, tmp_path, monkeypatch, name, url):
    register()

    def refuse(*arguments, **options):
        raise AssertionError(f"the network was asked for: {arguments}")

    monkeypatch.setattr(urllib.request, "urlretrieve", refuse)
    monkeypatch.setattr("gdown.download", refuse)
    with pytest.raises(UserError) as error:
        torchreid_module("data").ImageDataManager(root=str(tmp_path), sources=name)
    message = str(error.value)
    assert message.lower().startswith(f"data set {name} was not found: expected the folder")
    assert str(tmp_path / name) in message
    assert url in message
    assert list(tmp_path.iterdir()) == []


def market(root, synthesised=("0007_c3s1_000001_01.jpg", "0002_c2s1_000001_00.jpg")):
    folders = {
        "bounding_box_train": ["0007_c1s1_000001_01.jpg", "0002_c1s1_000001_01.jpg"],
        "query": ["0003_c1s1_000001_00.jpg"],
        "bounding_box_test": ["0003_c2s1_000001_00.jpg", "-1_c2s1_000001_00.jpg"],
        "bounding_box_synthesised": synthesised,
    }
    for folder, names in folders.items():
        (root / folder).mkdir(parents=True)
        for name in names:
            Image.new("RGB", (4, 8)).save(root / folder / name)


def load(name, root, **options):
    return torchreid_module("data.datasets").init_image_dataset(name, root=str(root), **options)


def test_synthesised_people_of_an_augmented_set_keep_their_identity(clean, tmp_path):
    register()
    market(tmp_path / "augmented_market")
    found = load("augmented_market", tmp_path, mode="train", k_tfm=1, split_id=0)
    train = [(Path(p).parent.name, Path(p).name[:4], pid, cam) for p, pid, cam, _ in found.train]
    assert train == [
        ("bounding_box_train", "0002", 0, 0),
        ("bounding_box_train", "0007", 1, 0),
        ("bounding_box_synthesised", "0002", 0, 1),
        ("bounding_box_synthesised", "0007", 1, 2),
    ]
    assert (found.num_train_pids, found.num_train_cams) == (2, 3)
    assert [i[1:3] for i in found.query] == [(3, 0)]
    assert [i[1:3] for i in found.gallery] == [(3, 1)]


def test_augmented_set_of_another_name(clean, tmp_path):
    register()
    market(tmp_path / "mine")
    with pytest.raises(UserError, match=r"augmented_market.* is not a folder"):
        load("augmented_market", tmp_path)
    partial = functools.partial(clean[0]["augmented_market"], folder="mine")
    torchreid_module("data").register_image_dataset("mine", partial)
    assert len(load("mine", tmp_path).train) == 4


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ([], "bounding_box_synthesised holds no"),
        (["0003_c1s1_000001_00.jpg"], r"no image in .*bounding_box_train shows person 3"),
    ],
)
def test_synthesised_people_that_do_not_fit(clean, tmp_path, names, message):
    register()
    market(tmp_path / "augmented_market", names)
    with pytest.raises(UserError, match=message):
        load("augmented_market", tmp_path)


def test_procedural_people_are_rendered_once(clean, tmp_path, monkeypatch):
    from posegan_plugin.for_torchreid import image_datasets

    register()
    small = image_datasets.ProceduralPeopleSpec(
        num_train_ids=2, num_test_ids=1, cameras_per_id=2, num_cameras=2, height=32, width=16
    )
    monkeypatch.setattr(image_datasets, "ProceduralPeopleSpec", lambda: small)
    found = load("procedural_people", tmp_path, mode="query")
    assert (len(found.train), len(found.query), len(found.gallery)) == (8, 2, 2)
    assert len(found) == 2
    assert [Path(p).name for p in found.keypoint_files] == [
        "market-annotation-test.csv",
        "market-annotation-train.csv",
    ]
    monkeypatch.setattr(image_datasets, "ProceduralPeopleSpec", None)  # what is there is taken
    assert load("procedural_people", tmp_path).train == found.train
