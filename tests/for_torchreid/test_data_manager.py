import contextlib
import copy
import io
import random

import numpy as np
import pytest
import torch

pytest.importorskip("torchreid")

from posegan_plugin.augment import SynthesisPolicy
from posegan_plugin.errors import UserError
from posegan_plugin.for_torchreid import PoseTransferDataManager, SafeEngine
from posegan_plugin.for_torchreid.resolver import torchreid_module


def test_ratio_0_is_torchreid_bit_for_bit(tiny_manager):
    augmented = {
        "transforms": ["random_flip", "random_crop", "random_erase", "color_jitter"],
        "train_sampler": "RandomIdentitySampler",
        "height": 64,
    }
    plain = tiny_manager(**augmented)
    unused = {}  # ratio 0 needs neither key points nor a generator
    mixed = PoseTransferDataManager(
        tiny_manager(**augmented), None, unused, SynthesisPolicy(ratio=0)
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


def test_generator_of_too_few_cameras(wrapped, negative):
    with pytest.raises(UserError, match="knows 2 cameras, the training set has 3"):
        wrapped(negative(num_cameras=2))


def test_everything_else_is_the_wrapped_managers(tiny_manager, wrapped):
    plain = tiny_manager()
    loader = plain.train_loader
    mixed = wrapped(plain=plain)
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
def test_unmodified_engines_train(tiny_manager, wrapped, tmp_path, engine, loss, sampler):
    plain = tiny_manager(height=64, width=32, train_sampler=sampler, transforms="random_flip")
    mixed = wrapped(plain=plain, ratio=0.25)
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
        ({"label": "hard"}, "label='hard'"),
        ({"weight": 0.5}, "weight=0.5"),
        ({"warmup": 0.1, "weight": 2.0}, "weight=2.0, warmup=0.1"),
    ],
)
def test_what_torchreids_engines_would_ignore_is_refused(wrapped, policy, named):
    mixed = wrapped(**policy)
    with pytest.raises(UserError, match=rf"augment {named} would be ignored.*extra_keys_read"):
        iter(mixed.train_loader)
    mixed.extra_keys_read = True
    mixed.progress = 0.5
    assert len(next(iter(mixed.train_loader))["weight"]) == 20


def test_labels_and_weights_for_engines_that_read_them(wrapped):
    others = {"extra_keys_read": True}
    mixed = wrapped(others=others, label="smooth", smoothing=0.3, weight=0.8, warmup=0.5, ratio=0.5)
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


def test_torchreids_engine_ends_on_real_people(tiny_manager, wrapped, tmp_path):
    softmax = torchreid_module("engine").ImageSoftmaxEngine

    class SafeSoftmax(SafeEngine, softmax):
        pass

    plain = tiny_manager(height=64, width=32)
    mixed = wrapped(plain=plain, ratio=0.25, until=0.5)
    model = torchreid_module("models").build_model(
        "osnet_x0_25", plain.num_train_pids, loss="softmax", pretrained=False, use_gpu=False
    )
    parts = (mixed, model, torchreid_module("optim").build_optimizer(model, lr=0.001))
    with pytest.raises(UserError, match=r"augment until=0.5 needs to know how far"):
        softmax(*parts, use_gpu=False).run(save_dir=str(tmp_path), max_epoch=2)
    seen = []
    model.register_forward_pre_hook(lambda m, given: seen.append((m.training, len(given[0]))))
    SafeSoftmax(*parts, use_gpu=False).run(save_dir=str(tmp_path), max_epoch=2)
    sizes = [size for trained, size in seen if trained]
    assert sizes == [20] * 4 + [16] * 4


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        ({"label": "teacher"}, "label='teacher' needs a teacher"),
        ({"filter": 0.5}, "filter needs an encoder"),
    ],
)
def test_missing_networks_are_named_at_once(wrapped, policy, message):
    with pytest.raises(UserError, match=message):
        wrapped(**policy)


def test_wrong_managers(wrapped, negative, tiny_keypoints):
    mixed = wrapped()
    with pytest.raises(UserError, match="already; wrap it once"):
        PoseTransferDataManager(mixed, negative(), [tiny_keypoints])

    class Video:
        data_type = "video"

    with pytest.raises(UserError, match="ImageDataManager only"):
        PoseTransferDataManager(Video(), negative(), {})


def test_coverage_is_reported(wrapped, capsys):
    wrapped()
    assert "72 of 72 people have at least 10 joints" in capsys.readouterr().out
