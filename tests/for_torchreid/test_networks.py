import copy

import pytest
import torch
from torch import nn

pytest.importorskip("torchreid")

from posegan_plugin.errors import UserError
from posegan_plugin.for_torchreid.resolver import torchreid_module

SIZE = (32, 16)  # of the tiny people


def classifier(identities=12):
    torch.manual_seed(1)
    return torchreid_module("models").build_model(
        "osnet_x0_25", identities, loss="softmax", pretrained=False, use_gpu=False
    )


@pytest.mark.parametrize("wrap", [lambda model: model, nn.DataParallel])
def test_a_torchreid_model_as_teacher(tiny_manager, wrapped, first, wrap):
    teacher = classifier().train()
    others = {"teacher": wrap(teacher), "extra_keys_read": True}
    plain = tiny_manager(height=64, width=32)
    batch = first(wrapped(plain=plain, others=others, label="teacher").train_loader)
    assert teacher.training
    assert batch["teacher"].shape == (20, 12)
    assert bool(batch["teacher"][:16].isnan().all())
    teacher.eval()
    with torch.no_grad():
        expected = teacher.classifier(teacher(batch["img"][16:])).softmax(dim=1)
    assert torch.allclose(batch["teacher"][16:], expected, atol=1e-5)


@pytest.mark.parametrize("teacher", [classifier, lambda: lambda x: x.flatten(1)[:, :5]])
def test_teacher_of_other_people(wrapped, teacher):
    found = teacher(7) if teacher is classifier else teacher()
    mixed = wrapped(others={"teacher": found, "extra_keys_read": True}, label="teacher")
    with pytest.raises(UserError, match=r"teacher gives [57] values .* has 12 identities"):
        next(iter(mixed.train_loader))


def test_filter_sees_what_the_network_sees(tiny_manager, wrapped, first):
    seen = []

    def encoder(images):
        seen.append(images)
        return images.mean((2, 3))

    plain = tiny_manager(height=64, width=32)
    others = {"encoder": encoder}
    batch = first(wrapped(plain=plain, others=others, ratio=1.0, filter=0.0).train_loader)
    conditions, made = seen
    assert conditions.shape == made.shape == (16, 3, 64, 32)
    kept = nn.functional.cosine_similarity(conditions.mean((2, 3)), made.mean((2, 3))) >= 0
    assert 0 < int(kept.sum()) < 16
    assert torch.equal(batch["img"][16:], made[kept])


def test_filter_that_drops_everybody(wrapped, first):
    label = {"label": "teacher", "ratio": 1.0, "filter": 1.0}
    others = {
        "encoder": lambda images: torch.randn(len(images), 4),
        "teacher": lambda images: images.mean((2, 3)).repeat(1, 4),
        "extra_keys_read": True,
    }
    batch = first(wrapped(others=others, **label).train_loader)
    assert batch["img"].shape == (16, 3, *SIZE)
    assert batch["teacher"].shape == (16, 12)
    assert not bool(batch["synthesised"].any())


def test_the_network_in_training_as_encoder_is_left_alone(tiny_manager, wrapped, first):
    network = classifier().train()
    before = copy.deepcopy(network.state_dict())
    plain = tiny_manager(height=64, width=32)
    wrapper = nn.DataParallel(network, device_ids=None)
    batch = first(wrapped(plain=plain, others={"encoder": wrapper}, filter=-1.0).train_loader)
    assert len(batch["pid"]) == 20
    assert network.training
    assert all(p.requires_grad for p in network.parameters())
    for name, value in network.state_dict().items():
        assert torch.equal(value, before[name]), name
