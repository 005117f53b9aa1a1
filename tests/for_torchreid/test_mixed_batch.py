import functools
import itertools
import math

import pytest
import torch
from torch import nn

pytest.importorskip("torchreid")

from posegan_plugin.datasets import read_image
from posegan_plugin.for_torchreid import register
from posegan_plugin.for_torchreid.image_datasets import ProceduralPeople
from posegan_plugin.for_torchreid.resolver import torchreid_module
from posegan_plugin.pose import read_keypoint_csv

SIZE = (32, 16)  # of the stored images and of the generator
KEYS = ("img", "pid", "camid", "impath", "dsetid")


def test_a_quarter_of_64_is_16_more(tiny_manager, wrapped, first, people_on_disk):
    plain = first(tiny_manager(batch_size_train=64).train_loader)
    batch = first(wrapped(plain=tiny_manager(batch_size_train=64), ratio=0.25).train_loader)
    assert set(batch) == {*KEYS, "synthesised", "weight", "smoothing"}
    assert batch["img"].shape == (80, 3, *SIZE)
    for key in KEYS:
        assert len(batch[key]) == 80
        assert type(batch[key]) is type(plain[key])
        real = batch[key][:64]
        assert real == plain[key] if key == "impath" else torch.equal(real, plain[key])
    for key in ("pid", "camid", "dsetid"):
        assert batch[key].dtype == torch.int64
    found = zip(batch["impath"], batch["pid"].tolist(), batch["camid"].tolist(), strict=True)
    for path, pid, camid in found:
        assert (pid, camid) == people_on_disk[path]
    made = batch["impath"][64:]
    assert len(set(made)) == 16
    assert set(made) <= set(plain["impath"])
    assert batch["synthesised"].tolist() == [False] * 64 + [True] * 16
    assert batch["weight"].tolist() == [1.0] * 80
    smoothing = [0.0] * 64 + [math.nan] * 16  # not used for real people; theirs
    assert batch["smoothing"].tolist() == pytest.approx(smoothing, nan_ok=True)


@pytest.mark.parametrize(
    ("mean", "std"),
    [(None, None), ([0.1, 0.2, 0.3], [0.5, 0.6, 0.7])],
    ids=["ImageNet", "the user's own"],
)
def test_synthesised_images_are_normalised_as_the_real_ones(
    tiny_manager, wrapped, first, mean, std
):
    options = {"norm_mean": mean, "norm_std": std}
    batch = first(wrapped(plain=tiny_manager(**options), ratio=1.0).train_loader)
    mean = torch.tensor(mean or [0.485, 0.456, 0.406])[:, None, None]
    std = torch.tensor(std or [0.229, 0.224, 0.225])[:, None, None]
    row_of = {path: row for row, path in enumerate(batch["impath"][:16])}
    for row in range(16, 32):
        path = batch["impath"][row]
        negative = 1 - read_image(path, SIZE).float() / 255
        assert torch.allclose(batch["img"][row], (negative - mean) / std, atol=1e-5)
        real = batch["img"][row_of[path]]
        assert torch.allclose(batch["img"][row] * std + mean, 1 - (real * std + mean), atol=0.02)


def test_size_is_the_managers_and_poses_are_the_generators(
    tiny_manager, wrapped, negative, first, tiny_keypoints
):
    generator = negative()
    plain = tiny_manager(height=64, width=32)
    batch = first(wrapped(generator, plain, ratio=0.5).train_loader)
    assert batch["img"].shape == (24, 3, 64, 32)
    condition, condition_pose, target_pose, camera = generator.calls[0]
    assert condition.shape == (8, 3, *SIZE)
    assert camera is None
    stored = read_keypoint_csv(tiny_keypoints)
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


def test_conditions_are_not_the_augmented_images(tiny_manager, wrapped, negative, first):
    plain = tiny_manager(transforms=["random_flip", "random_erase", "random_crop"])
    generator = negative()
    batch = first(wrapped(generator, plain, ratio=1.0).train_loader)
    for path, condition in zip(batch["impath"][16:], generator.calls[0][0], strict=True):
        assert torch.allclose(condition, read_image(path, SIZE).float() / 127.5 - 1)


def test_camera_aware_generator_moves_people_to_the_targets_camera(
    wrapped, negative, first, people_on_disk
):
    generator = negative(num_cameras=3)
    batch = first(wrapped(generator, ratio=1.0, target="cross_camera").train_loader)
    moved, own = batch["camid"][16:], [people_on_disk[p][1] for p in batch["impath"][16:]]
    assert torch.equal(moved, generator.calls[0][3])
    assert all(a != b for a, b in zip(moved.tolist(), own, strict=True))


def test_several_augmentations_of_an_image(tiny_manager, wrapped, first):
    plain = tiny_manager(k_tfm=2, transforms="random_flip")
    batch = first(wrapped(plain=plain).train_loader)
    assert [tuple(view.shape) for view in batch["img"]] == [(20, 3, *SIZE)] * 2
    assert torch.equal(batch["img"][0][16:], batch["img"][1][16:])


@pytest.fixture
def two_sources(tiny_manager, monkeypatch):
    """Builds a manager of the same people twice, as two sources."""
    register()
    table = vars(torchreid_module("data.datasets"))["__image_datasets"]
    monkeypatch.setitem(table, "again", functools.partial(ProceduralPeople))
    sources = {"sources": ["procedural_people", "again"], "targets": "again"}
    return lambda **options: tiny_manager(**sources, **options)


def test_identities_of_several_sources(wrapped, negative, people_on_disk, two_sources):
    plain = two_sources(batch_size_train=64, k_tfm=2)
    assert plain.train_loader.dataset.k_tfm == 2
    generator = negative(num_cameras=6)
    mixed = wrapped(generator, plain, ratio=1.0, target="same_id")
    sources = []
    for batch in itertools.islice(iter(mixed.train_loader), 2):
        for row in range(64, 128):
            source = int(batch["dsetid"][row])
            pid, _ = people_on_disk[batch["impath"][row]]
            assert int(batch["pid"][row]) == pid + 12 * source
            # A pose of the same person is one of the same source.
            assert int(batch["camid"][row]) // 3 == source
            sources.append(source)
    assert set(sources) == {0, 1}
