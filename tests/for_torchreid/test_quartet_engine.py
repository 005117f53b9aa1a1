import copy

import pytest
import torch
from torch import nn

pytest.importorskip("torchreid")

from posegan_plugin.augment import SynthesisPolicy
from posegan_plugin.errors import UserError
from posegan_plugin.for_torchreid.quartet_engine import ImageQuartetEngine
from posegan_plugin.for_torchreid.reid_step import people_of
from posegan_plugin.for_torchreid.resolver import torchreid_module
from posegan_plugin.losses import QuartetLoss, identity_loss, mean_pairwise_distance


def build(manager, model, lr=0.0, **options):
    optimizer = torch.optim.SGD(model.parameters(), lr)
    return ImageQuartetEngine(manager, model, optimizer, use_gpu=False, **options)


def gradients(model):
    return [p.grad.clone() for p in model.parameters()]


@pytest.mark.parametrize("label_smooth", [True, False])
def test_losses_and_gradients_are_those_by_hand(
    small_manager, small_model, small_batch, label_smooth
):
    options = {"tau1": -0.5, "tau2": 0.05, "mining": "hard", "weight_q": 0.7, "weight_x": 2}
    engine = build(small_manager, small_model, label_smooth=label_smooth, **options)
    log = engine.forward_backward(small_batch)
    found = gradients(small_model)

    logits, features = small_model(small_batch["img"])
    quartet = QuartetLoss(-0.5, 0.05, "hard")(features, small_batch["pid"])
    cross = torchreid_module("losses").CrossEntropyLoss(4, use_gpu=False, label_smooth=label_smooth)
    identity = cross(logits, small_batch["pid"])
    small_model.zero_grad()
    (0.7 * quartet + 2 * identity).backward()
    for a, b in zip(found, gradients(small_model), strict=True):
        torch.testing.assert_close(a, b)
    accuracy = 100 * (logits.argmax(1) == small_batch["pid"]).float().mean().item()
    spread = mean_pairwise_distance(features).item()
    expected = {"loss_x": identity.item(), "loss_q": quartet.item(), "acc": accuracy}
    assert log == pytest.approx(expected | {"spread": spread}, rel=1e-5)


def test_weights_and_labels_of_synthesised_people(small_manager, small_model, small_batch):
    synthesised = torch.arange(16) >= 12
    weight = torch.where(synthesised, 0.25, 1.0)
    smoothing = torch.where(synthesised, 0.4, 0.0)
    extra = {"synthesised": synthesised, "weight": weight, "smoothing": smoothing}
    engine = build(small_manager, small_model, mining="hard")
    log = engine.forward_backward(small_batch | extra)
    logits, features = small_model(small_batch["img"])
    labels = torch.where(synthesised, 0.4, 0.1)
    identity = identity_loss(logits, small_batch["pid"], labels, weight).item()
    quartet = QuartetLoss(mining="hard")(features, small_batch["pid"], weights=weight).item()
    assert log["loss_x"] == pytest.approx(identity, rel=1e-5)
    assert log["loss_q"] == pytest.approx(quartet, rel=1e-5)
    assert log["loss_x"] != pytest.approx(engine.forward_backward(small_batch)["loss_x"], rel=1e-4)


@pytest.mark.parametrize("label_smooth", [True, False])
def test_same_labels_are_those_of_torchreids_engine(
    small_manager, small_model, small_batch, label_smooth
):
    policy = SynthesisPolicy()
    people = policy.label_people(people_of(small_batch, torch.device("cpu"))[12:], progress=1.0)
    extra = {
        "synthesised": torch.arange(16) >= 12,
        "smoothing": torch.cat((torch.zeros(12), people.smoothing)),
    }
    engine = build(small_manager, small_model, label_smooth=label_smooth)
    log = engine.forward_backward(small_batch | extra)
    cross = torchreid_module("losses").CrossEntropyLoss(4, use_gpu=False, label_smooth=label_smooth)
    expected = cross(small_model(small_batch["img"])[0], small_batch["pid"]).item()
    assert log["loss_x"] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("label_smooth", [True, False])
def test_without_a_quartet_loss_steps_are_those_of_torchreids_engine(
    small_manager, small_model, small_batch, label_smooth
):
    class Logits(nn.Module):
        def __init__(self, model):
            super().__init__()
            self.model = model

        def forward(self, images):
            return self.model(images)[0]

    theirs = Logits(copy.deepcopy(small_model))
    softmax = torchreid_module("engine").ImageSoftmaxEngine(
        small_manager,
        theirs,
        torch.optim.SGD(theirs.parameters(), 0.5),
        use_gpu=False,
        label_smooth=label_smooth,
    )
    ours = build(small_manager, small_model, 0.5, weight_q=0, label_smooth=label_smooth)
    before = copy.deepcopy(small_model.classifier.weight)
    extra = {"synthesised": torch.arange(16) >= 12, "weight": torch.ones(16)}
    extra["smoothing"] = torch.where(extra["synthesised"], float("nan"), 0.0)  # as real people
    for _ in range(3):
        softmax.forward_backward(small_batch)
        ours.forward_backward(small_batch | extra)
    for a, b in zip(small_model.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(a, b)
    assert not torch.allclose(small_model.classifier.weight, before, atol=1e-3)


def test_quartets_of_real_people_alone(small_manager, small_model, small_batch):
    engine = build(small_manager, small_model, mining="hard", quartet_people="real")
    log = engine.forward_backward(small_batch | {"synthesised": torch.arange(16) >= 12})
    _, features = small_model(small_batch["img"])
    quartet = QuartetLoss(mining="hard")(features[:12], small_batch["pid"][:12]).item()
    assert log["loss_q"] == pytest.approx(quartet, rel=1e-5)
    among_all = QuartetLoss(mining="hard")(features, small_batch["pid"]).item()
    assert log["loss_q"] != pytest.approx(among_all, rel=1e-4)


def test_people_of_weight_zero_change_nothing(small_manager, small_model, small_batch):
    engine = build(small_manager, small_model, mining="hard")
    engine.forward_backward({k: v[:12] for k, v in small_batch.items()})
    expected = gradients(small_model)
    extra = {"weight": (torch.arange(16) < 12).float(), "synthesised": torch.arange(16) >= 12}
    engine.forward_backward(small_batch | extra)
    for a, b in zip(gradients(small_model), expected, strict=True):
        torch.testing.assert_close(a, b)


def test_soft_labels_of_a_teacher(small_manager, small_model, small_batch):
    teacher = torch.full((16, 4), float("nan"))
    teacher[12:] = torch.tensor([0.1, 0.2, 0.3, 0.4])
    extra = {"synthesised": torch.arange(16) >= 12, "teacher": teacher}
    engine = build(small_manager, small_model, label_smooth=False)
    log = engine.forward_backward(small_batch | extra)
    log_p = small_model(small_batch["img"])[0].log_softmax(1)
    labels = torch.cat((nn.functional.one_hot(small_batch["pid"][:12], 4), teacher[12:]))
    assert log["loss_x"] == pytest.approx(-(labels * log_p).sum(1).mean().item(), rel=1e-5)


def test_heads_of_deep_supervision_are_averaged(small_manager, small_model, small_batch):
    class TwoHeads(nn.Module):
        def __init__(self):
            super().__init__()
            self.body = small_model

        def forward(self, images):
            logits, features = self.body(images)
            return (logits, logits * 3), features

    engine = build(small_manager, TwoHeads(), mining="hard", label_smooth=False)
    log = engine.forward_backward(small_batch)
    logits, features = small_model(small_batch["img"])
    identities = [nn.functional.cross_entropy(x, small_batch["pid"]) for x in (logits, logits * 3)]
    assert log["loss_x"] == pytest.approx(sum(identities).item() / 2, rel=1e-5)
    assert log["loss_q"] == pytest.approx(
        QuartetLoss(mining="hard")(features, small_batch["pid"]).item(), rel=1e-5
    )


def test_amp_runs_the_model_in_bfloat16_and_losses_in_float32(
    small_manager, small_model, small_batch
):
    plain = build(small_manager, small_model).forward_backward(small_batch)
    seen = []
    small_model.classifier.register_forward_hook(lambda *call: seen.append(call[2].dtype))
    engine = build(small_manager, small_model, lr=0.1, amp=True)
    before = small_model.classifier.weight.clone()
    log = engine.forward_backward(small_batch)
    assert seen == [torch.bfloat16]
    assert log["loss_x"] == pytest.approx(plain["loss_x"], rel=0.02)
    assert log["loss_x"] != torch.tensor(log["loss_x"]).bfloat16().item()
    assert small_model.classifier.weight.dtype == torch.float32
    assert not torch.equal(small_model.classifier.weight, before)


def test_quartet_ramp_waits(small_manager, small_model, small_batch):
    engine = build(small_manager, small_model, quartet_ramp=(0.5, 0.5), weight_x=0)
    engine.max_epoch = 2
    engine.forward_backward(small_batch)
    assert not any(g.any() for g in gradients(small_model))
    engine.epoch = 1
    engine.forward_backward(small_batch)
    assert any(g.any() for g in gradients(small_model))


def test_collapse_is_named(small_manager, small_model, tmp_path, capsys):
    build(small_manager, small_model).run(tmp_path / "a", max_epoch=1)
    assert "collapsed" not in capsys.readouterr().out
    nn.init.zeros_(small_model.layer.weight)
    build(small_manager, small_model).run(tmp_path / "b", max_epoch=1)
    assert "** The embeddings have collapsed: their mean distance is 0." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"weight_q": -1}, "weight_q=-1 and weight_x=1 must be at least 0"),
        ({"weight_q": 0, "weight_x": 0}, "one of them more"),
        ({"mining": "easy"}, "mining is 'easy'"),
        ({"quartet_ramp": (1,)}, "quartet_ramp"),
    ],
)
def test_wrong_options(small_manager, small_model, options, message):
    with pytest.raises(UserError, match=message):
        build(small_manager, small_model, **options)


def test_wrong_models_and_batches(small_manager, small_model, small_batch):
    engine = build(small_manager, nn.Sequential(small_model, nn.Identity()))
    with pytest.raises(UserError, match="k_tfm=1"):
        engine.forward_backward(small_batch | {"img": [small_batch["img"]] * 2})
    small_model.eval()  # features alone, as a model built with loss='softmax' gives logits alone
    with pytest.raises(UserError, match="loss='triplet'"):
        engine.forward_backward(small_batch)
