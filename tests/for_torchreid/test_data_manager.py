import contextlib
import copy
import functools
import io
import itertools
import random

import numpy as np
import pytest
import torch
from torch import nn

pytest.importorskip("torchreid")

from posegan_plugin.augment import SynthesisPolicy
from posegan_plugin.datasets import read_image
from posegan_plugin.errors import UserError
from posegan_plugin.for_torchreid import PoseTransferDataManager, register
from posegan_plugin.for_torchreid.image_datasets import ProceduralPeople
from posegan_plugin.for_torchreid.resolver import torchreid_module
from posegan_plugin.pose import read_keypoint_csv

SIZE = (32, 16)  # of the stored images and of the generator
KEYS = ("img", "pid", "camid", "impath", "dsetid")


class Negative(nn.Module):
    """A generator that inverts colours: what comes out says what went in."""

    def __init__(self, num_cameras=0):
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(-1.0))
        self.image_size, self.num_cameras = SIZE, num_cameras
        self.calls = []

    def forward(self, condition, condition_pose, target_pose, target_camera=None):
        self.calls.append((condition, condition_pose, target_pose, target_camera))
        return condition * self.scale


def manager(tiny, **options):
    register()
    options = {
        "sources": "procedural_people",
        "height": SIZE[0],
        "width": SIZE[1],
        "transforms": [],
        "batch_size_train": 16,
        "workers": 0,
        "use_gpu": False,
        **options,
    }
    with contextlib.redirect_stdout(io.StringIO()):
        return torchreid_module("data").ImageDataManager(root=str(tiny.data_root), **options)


def keypoint_file(tiny):
    return tiny.data_root / "procedural_people" / "market-annotation-train.csv"


def wrapped(tiny, generator=None, plain=None, keypoints=None, others=None, **policy):
    return PoseTransferDataManager(
        plain or manager(tiny),
        generator or Negative(),
        keypoints or [keypoint_file(tiny)],
        SynthesisPolicy(**policy),
        **(others or {}),
    )


def first(loader, seed=0):
    torch.manual_seed(seed)
    return next(iter(loader))


def people_on_disk(tiny):
    """Image name -> (pid, camid), pids as torchreid numbers them."""
    files = sorted((tiny.data_root / "procedural_people" / "bounding_box_train").iterdir())
    numbers = {pid: n for n, pid in enumerate(sorted({f.name[:4] for f in files}))}
    return {str(f): (numbers[f.name[:4]], int(f.name[6]) - 1) for f in files}


def test_ratio_0_is_torchreid_bit_for_bit(tiny):
    augmented = {
        "transforms": ["random_flip", "random_crop", "random_erase", "color_jitter"],
        "train_sampler": "RandomIdentitySampler",
        "height": 64,
    }
    plain = manager(tiny, **augmented)
    unused = {}  # ratio 0 needs neither key points nor a generator
    mixed = PoseTransferDataManager(
        manager(tiny, **augmented), None, unused, SynthesisPolicy(ratio=0)
    )
    epochs = []
    for loader in (plain.train_loader, mixed.train_loader):
        random.seed(0)
        np.random.seed(0)
        torch.manual_seed(0)
        epochs.append([*loader, *loader, {"next": torch.rand(1), "python": random.random()}])
    assert len(epochs[0]) == len(epochs[1]) > 5
    for expected, found in zip(*epochs, strict=True):
        assert expected.keys() == found.keys()
        for key, value in expected.items():
            same = torch.equal(value, found[key]) if torch.is_tensor(value) else value == found[key]
            assert same, key


def test_a_quarter_of_64_is_16_more(tiny):
    plain = first(manager(tiny, batch_size_train=64).train_loader)
    batch = first(wrapped(tiny, plain=manager(tiny, batch_size_train=64), ratio=0.25).train_loader)
    assert set(batch) == {*KEYS, "synthesised", "weight", "smoothing"}
    assert batch["img"].shape == (80, 3, *SIZE)
    for key in KEYS:
        assert len(batch[key]) == 80
        assert type(batch[key]) is type(plain[key])
        real = batch[key][:64]
        assert real == plain[key] if key == "impath" else torch.equal(real, plain[key])
    for key in ("pid", "camid", "dsetid"):
        assert batch[key].dtype == torch.int64
    known = people_on_disk(tiny)
    found = zip(batch["impath"], batch["pid"].tolist(), batch["camid"].tolist(), strict=True)
    for path, pid, camid in found:
        assert (pid, camid) == known[path]
    made = batch["impath"][64:]
    assert len(set(made)) == 16
    assert set(made) <= set(plain["impath"])
    assert batch["synthesised"].tolist() == [False] * 64 + [True] * 16
    assert batch["weight"].tolist() == [1.0] * 80
    assert batch["smoothing"].tolist() == [0.0] * 80


@pytest.mark.parametrize(
    ("mean", "std"),
    [(None, None), ([0.1, 0.2, 0.3], [0.5, 0.6, 0.7])],
    ids=["ImageNet", "the user's own"],
)
def test_synthesised_images_are_normalised_as_the_real_ones(tiny, mean, std):
    options = {"norm_mean": mean, "norm_std": std}
    batch = first(wrapped(tiny, plain=manager(tiny, **options), ratio=1.0).train_loader)
    mean = torch.tensor(mean or [0.485, 0.456, 0.406])[:, None, None]
    std = torch.tensor(std or [0.229, 0.224, 0.225])[:, None, None]
    row_of = {path: row for row, path in enumerate(batch["impath"][:16])}
    for row in range(16, 32):
        path = batch["impath"][row]
        negative = 1 - read_image(path, SIZE).float() / 255
        assert torch.allclose(batch["img"][row], (negative - mean) / std, atol=1e-5)
        real = batch["img"][row_of[path]]
        assert torch.allclose(batch["img"][row] * std + mean, 1 - (real * std + mean), atol=0.02)


def test_size_is_the_managers_and_poses_are_the_generators(tiny):
    generator = Negative()
    plain = manager(tiny, height=64, width=32)
    batch = first(wrapped(tiny, generator, plain, ratio=0.5).train_loader)
    assert batch["img"].shape == (24, 3, 64, 32)
    condition, condition_pose, target_pose, camera = generator.calls[0]
    assert condition.shape == (8, 3, *SIZE)
    assert camera is None
    stored = read_keypoint_csv(keypoint_file(tiny))
    for path, pose, target in zip(batch["impath"][16:], condition_pose, target_pose, strict=True):
        name = path.rsplit("/", 1)[1]
        assert torch.equal(pose, torch.from_numpy(stored[name]))
        own = [torch.from_numpy(p) for n, p in stored.items() if n[:4] == name[:4] and n != name]
        assert any(torch.equal(target, other) for other in own)
    for path, image in zip(batch["impath"][16:], condition, strict=True):
        assert torch.equal(image, read_image(path, SIZE).float() / 127.5 - 1)
    # Enlarging the generated picture is all that happens to it.
    expected = nn.functional.interpolate(-condition, size=(64, 32), mode="bilinear", antialias=True)
    found = batch["img"][16:] * torch.tensor([0.229, 0.224, 0.225])[:, None, None]
    found = (found + torch.tensor([0.485, 0.456, 0.406])[:, None, None]) * 2 - 1
    assert torch.allclose(found, expected, atol=1e-5)


def test_conditions_are_not_the_augmented_images(tiny):
    plain = manager(tiny, transforms=["random_flip", "random_erase", "random_crop"])
    generator = Negative()
    batch = first(wrapped(tiny, generator, plain, ratio=1.0).train_loader)
    for path, condition in zip(batch["impath"][16:], generator.calls[0][0], strict=True):
        assert torch.allclose(condition, read_image(path, SIZE).float() / 127.5 - 1)


def test_camera_aware_generator_moves_people_to_the_targets_camera(tiny):
    generator = Negative(num_cameras=3)
    batch = first(wrapped(tiny, generator, ratio=1.0, target="cross_camera").train_loader)
    moved, own = batch["camid"][16:], [people_on_disk(tiny)[p][1] for p in batch["impath"][16:]]
    assert torch.equal(moved, generator.calls[0][3])
    assert all(a != b for a, b in zip(moved.tolist(), own, strict=True))


def test_generator_of_too_few_cameras(tiny):
    with pytest.raises(UserError, match="knows 2 cameras, the training set has 3"):
        wrapped(tiny, Negative(num_cameras=2))


def test_everything_else_is_the_wrapped_managers(tiny):
    plain = manager(tiny)
    loader = plain.train_loader
    mixed = wrapped(tiny, plain=plain)
    for name in ("num_train_pids", "num_train_cams", "sources", "height", "data_type"):
        assert getattr(mixed, name) == getattr(plain, name)
    assert mixed.test_loader is plain.test_loader
    assert (
        mixed.fetch_test_loaders("procedural_people")[0]
        is (plain.test_dataset["procedural_people"]["query"])
    )
    assert len(mixed.train_loader) == len(loader) == 4
    for name in ("dataset", "batch_size", "sampler", "num_workers"):
        assert getattr(mixed.train_loader, name) is getattr(loader, name)
    assert copy.copy(mixed).train_loader is mixed.train_loader
    with pytest.raises(AttributeError, match="nothing_of_this_name"):
        _ = mixed.nothing_of_this_name


@pytest.mark.parametrize(
    ("engine", "loss", "sampler"),
    [
        ("ImageSoftmaxEngine", "softmax", "RandomSampler"),
        ("ImageTripletEngine", "triplet", "RandomIdentitySampler"),
    ],
)
def test_unmodified_engines_train(tiny, tmp_path, engine, loss, sampler):
    plain = manager(tiny, height=64, width=32, train_sampler=sampler, transforms="random_flip")
    mixed = wrapped(tiny, plain=plain, ratio=0.25)
    torch.manual_seed(0)
    model = torchreid_module("models").build_model(
        "osnet_x0_25", plain.num_train_pids, loss=loss, pretrained=False, use_gpu=False
    )
    before = copy.deepcopy(model.classifier.weight)
    optimizer = torchreid_module("optim").build_optimizer(model, lr=0.001)
    scheduler = torchreid_module("optim").build_lr_scheduler(optimizer)
    seen = []
    model.register_forward_pre_hook(lambda m, given: seen.append((m.training, len(given[0]))))
    training = getattr(torchreid_module("engine"), engine)(
        mixed, model, optimizer, scheduler=scheduler, use_gpu=False
    )
    with contextlib.redirect_stdout(io.StringIO()) as output:
        training.run(save_dir=str(tmp_path), max_epoch=1, print_freq=1, ranks=[1])
    sizes = [size for trained, size in seen if trained]
    assert set(sizes) == {20}
    assert 2 <= len(sizes) <= 4
    assert bool(model.classifier.weight.isfinite().all())
    assert not torch.equal(model.classifier.weight, before)
    assert "Rank-1" in output.getvalue()


@pytest.mark.parametrize(
    ("policy", "named"),
    [
        ({"label": "smooth"}, "label='smooth'"),
        ({"weight": 0.5}, "weight=0.5"),
        ({"warmup": 0.1, "weight": 2.0}, "weight=2.0, warmup=0.1"),
    ],
)
def test_what_torchreids_engines_would_ignore_is_refused(tiny, policy, named):
    mixed = wrapped(tiny, **policy)
    with pytest.raises(UserError, match=rf"augment {named} would be ignored.*extra_keys_read"):
        iter(mixed.train_loader)
    mixed.extra_keys_read = True
    mixed.progress = 0.5
    assert len(next(iter(mixed.train_loader))["weight"]) == 20


def test_labels_and_weights_for_engines_that_read_them(tiny):
    others = {"extra_keys_read": True}
    mixed = wrapped(
        tiny, others=others, label="smooth", smoothing=0.3, weight=0.8, warmup=0.5, ratio=0.5
    )
    with pytest.raises(UserError, match=r"warmup=0.5 needs to know how far"):
        iter(mixed.train_loader)
    loader = None
    for progress, weight in ((0.0, 0.0), (0.25, 0.4), (0.75, 0.8)):
        mixed.progress = progress
        loader = loader or iter(mixed.train_loader)  # progress changes within an epoch, too
        batch = next(loader)
        added = 8 if weight else 0  # nobody is added while the weight is 0
        assert batch["weight"].tolist() == pytest.approx([1.0] * 16 + [weight] * added)
        assert batch["smoothing"].tolist() == pytest.approx([0.0] * 16 + [0.3] * added)


def classifier(identities=12):
    torch.manual_seed(1)
    return torchreid_module("models").build_model(
        "osnet_x0_25", identities, loss="softmax", pretrained=False, use_gpu=False
    )


@pytest.mark.parametrize("wrap", [lambda model: model, nn.DataParallel])
def test_a_torchreid_model_as_teacher(tiny, wrap):
    teacher = classifier().train()
    others = {"teacher": wrap(teacher), "extra_keys_read": True}
    plain = manager(tiny, height=64, width=32)
    batch = first(wrapped(tiny, plain=plain, others=others, label="teacher").train_loader)
    assert teacher.training
    assert batch["teacher"].shape == (20, 12)
    assert bool(batch["teacher"][:16].isnan().all())
    teacher.eval()
    with torch.no_grad():
        expected = teacher.classifier(teacher(batch["img"][16:])).softmax(dim=1)
    assert torch.allclose(batch["teacher"][16:], expected, atol=1e-5)


@pytest.mark.parametrize("teacher", [classifier, lambda: lambda x: x.flatten(1)[:, :5]])
def test_teacher_of_other_people(tiny, teacher):
    found = teacher(7) if teacher is classifier else teacher()
    mixed = wrapped(tiny, others={"teacher": found, "extra_keys_read": True}, label="teacher")
    with pytest.raises(UserError, match=r"teacher gives [57] values .* has 12 identities"):
        next(iter(mixed.train_loader))


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        ({"label": "teacher"}, "label='teacher' needs a teacher"),
        ({"filter": 0.5}, "filter needs an encoder"),
    ],
)
def test_missing_networks_are_named_at_once(tiny, policy, message):
    with pytest.raises(UserError, match=message):
        wrapped(tiny, **policy)


def test_filter_sees_what_the_network_sees(tiny):
    seen = []

    def encoder(images):
        seen.append(images)
        return images.mean((2, 3))

    plain = manager(tiny, height=64, width=32)
    others = {"encoder": encoder}
    batch = first(wrapped(tiny, plain=plain, others=others, ratio=1.0, filter=0.0).train_loader)
    conditions, made = seen
    assert conditions.shape == made.shape == (16, 3, 64, 32)
    kept = nn.functional.cosine_similarity(conditions.mean((2, 3)), made.mean((2, 3))) >= 0
    assert 0 < int(kept.sum()) < 16
    assert torch.equal(batch["img"][16:], made[kept])


def test_filter_that_drops_everybody(tiny):
    label = {"label": "teacher", "ratio": 1.0, "filter": 1.0}
    others = {
        "encoder": lambda images: torch.randn(len(images), 4),
        "teacher": lambda images: images.mean((2, 3)).repeat(1, 4),
        "extra_keys_read": True,
    }
    batch = first(wrapped(tiny, others=others, **label).train_loader)
    assert batch["img"].shape == (16, 3, *SIZE)
    assert batch["teacher"].shape == (16, 12)
    assert not bool(batch["synthesised"].any())


def test_the_network_in_training_as_encoder_is_left_alone(tiny):
    network = classifier().train()
    before = copy.deepcopy(network.state_dict())
    plain = manager(tiny, height=64, width=32)
    wrapper = nn.DataParallel(network, device_ids=None)
    batch = first(wrapped(tiny, plain=plain, others={"encoder": wrapper}, filter=-1.0).train_loader)
    assert len(batch["pid"]) == 20
    assert network.training
    assert all(p.requires_grad for p in network.parameters())
    for name, value in network.state_dict().items():
        assert torch.equal(value, before[name]), name


def test_several_augmentations_of_an_image(tiny):
    plain = manager(tiny, k_tfm=2, transforms="random_flip")
    batch = first(wrapped(tiny, plain=plain).train_loader)
    assert [tuple(view.shape) for view in batch["img"]] == [(20, 3, *SIZE)] * 2
    assert torch.equal(batch["img"][0][16:], batch["img"][1][16:])


def two_sources(tiny, monkeypatch, **options):
    table = vars(torchreid_module("data.datasets"))["__image_datasets"]
    register()
    monkeypatch.setitem(table, "again", functools.partial(ProceduralPeople))
    return manager(tiny, sources=["procedural_people", "again"], targets="again", **options)


def test_identities_of_several_sources(tiny, monkeypatch):
    plain = two_sources(tiny, monkeypatch, batch_size_train=64, k_tfm=2)
    assert plain.train_loader.dataset.k_tfm == 2
    generator = Negative(num_cameras=6)
    mixed = wrapped(tiny, generator, plain, ratio=1.0, target="same_id")
    known = people_on_disk(tiny)
    sources = []
    for batch in itertools.islice(iter(mixed.train_loader), 2):
        for row in range(64, 128):
            source = int(batch["dsetid"][row])
            pid, _ = known[batch["impath"][row]]
            assert int(batch["pid"][row]) == pid + 12 * source
            # A pose of the same person is one of the same source.
            assert int(batch["camid"][row]) // 3 == source
            sources.append(source)
    assert set(sources) == {0, 1}


def test_wrong_managers(tiny):
    mixed = wrapped(tiny)
    with pytest.raises(UserError, match="already; wrap it once"):
        PoseTransferDataManager(mixed, Negative(), [keypoint_file(tiny)])

    class Video:
        data_type = "video"

    with pytest.raises(UserError, match="ImageDataManager only"):
        PoseTransferDataManager(Video(), Negative(), {})


def test_coverage_is_reported(tiny, capsys):
    wrapped(tiny)
    assert "72 of 72 people have at least 10 joints" in capsys.readouterr().out
