import math

import pytest
import torch
from torch import nn

from posegan_plugin.errors import UserError
from posegan_plugin.losses import ObjectiveWeights, WeightRamp
from posegan_plugin.models import AppearanceDiscriminator, PoseDiscriminator
from posegan_plugin.training import GenerationObjective, PosePairs, frozen

K, SIZE = 3, (16, 8)


def images(seed):
    return torch.rand(K, 3, *SIZE, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def pairs():
    poses = torch.rand(2, K, 18, 3, generator=torch.Generator().manual_seed(9)) * 8
    return PosePairs(images(0), poses[0], images(1), poses[1], torch.zeros(K, dtype=torch.int64))


class Constant(nn.Module):
    """A judge with the logits ``real`` for the first half of its batch and ``fake`` for the rest."""

    def __init__(self, real, fake):
        super().__init__()
        self.real, self.fake = real, fake
        self.calls = []

    def forward(self, given, image):
        self.calls.append((given, image))
        logits = 0 * image.mean((1, 2, 3))
        if len(image) == K:
            return logits + self.fake
        return logits + torch.tensor([self.real] * K + [self.fake] * K)


def encode(image):
    """The mean of each channel and a one: never a zero embedding."""
    return torch.cat((image.mean((2, 3)), torch.ones(len(image), 1)), dim=1)


def softplus(x):
    return math.log1p(math.exp(x))


def unit(x):
    """Components of root mean square 1."""
    return x / x.square().mean(dim=1, keepdim=True).sqrt()


def test_pose_maps_are_those_of_the_target_at_the_images_size():
    given = pairs()
    given.target_pose[:] = 0
    given.target_pose[1, 4] = torch.tensor([5.0, 11.0, 1.0])
    maps = given.target_maps
    assert maps.shape == (K, 18, *SIZE)
    assert maps[1, 4].argmax().item() == 11 * 8 + 5
    assert maps[0].abs().max() == maps[1, 5].abs().max() == 0


def test_discriminator_losses_by_hand():
    losses = GenerationObjective().discriminator_losses(
        pairs(), images(2), Constant(2.0, -1.0), Constant(0.5, 0.5)
    )
    assert list(losses) == ["loss_D_I", "loss_D_P"]
    assert losses["loss_D_I"].item() == pytest.approx(softplus(-2.0) + softplus(-1.0))
    assert losses["loss_D_P"].item() == pytest.approx(softplus(-0.5) + softplus(0.5))


def test_who_is_shown_what():
    given, generated = pairs(), images(2)
    appearance, pose = Constant(0.0, 0.0), Constant(0.0, 0.0)
    objective = GenerationObjective()
    objective.discriminator_losses(given, generated, appearance, pose)
    objective.generator_losses(given, generated, 1.0, appearance, pose, encode)
    for judge, beside in ((appearance, given.condition), (pose, given.target_maps)):
        (first_given, first_image), (second_given, second_image) = judge.calls
        assert torch.equal(first_given, torch.cat((beside, beside)))
        assert torch.equal(first_image, torch.cat((given.target, generated)))
        assert torch.equal(second_given, beside)
        assert torch.equal(second_image, generated)


def test_discriminator_losses_do_not_reach_the_generator():
    torch.manual_seed(0)
    generated = images(2).requires_grad_()
    judges = AppearanceDiscriminator(4, 2), PoseDiscriminator(4, 2)
    losses = GenerationObjective().discriminator_losses(pairs(), generated, *judges)
    sum(losses.values()).backward()
    assert generated.grad is None
    for judge in judges:
        assert all(p.grad is not None for p in judge.parameters())


def test_generator_losses_do_not_reach_frozen_discriminators():
    torch.manual_seed(0)
    generated = images(2).requires_grad_()
    judges = AppearanceDiscriminator(4, 2), PoseDiscriminator(4, 2)
    weights = ObjectiveWeights(reconstruction=0, semantic=0)
    with frozen(*judges):
        total, _ = GenerationObjective(weights).generator_losses(
            pairs(), generated, 1.0, *judges, encode
        )
    total.backward()
    assert generated.grad.abs().sum() > 0
    for judge in judges:
        assert all(p.grad is None for p in judge.parameters())


def test_total_is_the_weighted_sum_of_hand_computed_terms():
    given, generated = pairs(), images(2)
    weights = ObjectiveWeights(adversarial=5.0, reconstruction=3.0, semantic=2.0)
    objective = GenerationObjective(weights, adversarial_ramp=WeightRamp(0.2, 0.6))
    total, losses = objective.generator_losses(
        given, generated, 0.3, Constant(0, -1.0), Constant(0, 2.0), encode
    )
    reconstruction = (generated - given.target).abs().mean().item()
    semantic = (unit(encode(given.condition)) - unit(encode(generated))).abs().mean().item()
    assert list(losses) == ["loss_R", "loss_G_I", "loss_G_P", "loss_S"]
    assert losses["loss_R"].item() == pytest.approx(reconstruction)
    assert losses["loss_G_I"].item() == pytest.approx(softplus(1.0))
    assert losses["loss_G_P"].item() == pytest.approx(softplus(-2.0))
    assert losses["loss_S"].item() == pytest.approx(semantic, rel=1e-5)
    adversarial = 5.0 * 0.25 * (softplus(1.0) + softplus(-2.0))
    assert total.item() == pytest.approx(adversarial + 3 * reconstruction + 2 * semantic, rel=1e-5)


def test_paper_weights_by_default():
    total, losses = GenerationObjective().generator_losses(
        pairs(), images(2), 0.0, Constant(0, 1.0), Constant(0, 1.0), encode
    )
    expected = (
        10 * losses["loss_R"]
        + 5 * (losses["loss_G_I"] + losses["loss_G_P"])
        + 10 * losses["loss_S"]
    )
    assert total.item() == pytest.approx(expected.item())


@pytest.mark.parametrize("progress", [0.0, 0.2])
def test_while_the_ramp_is_0_no_discriminator_is_run(progress):
    appearance, pose = Constant(0, 0), Constant(0, 0)
    objective = GenerationObjective(adversarial_ramp=WeightRamp(0.2, 0.6))
    total, losses = objective.generator_losses(
        pairs(), images(2), progress, appearance, pose, encode
    )
    assert appearance.calls == pose.calls == []
    assert list(losses) == ["loss_R", "loss_S"]
    assert total.item() == pytest.approx(10 * (losses["loss_R"] + losses["loss_S"]).item())


@pytest.mark.parametrize(
    ("progress", "expected"), [(0.2, 0.0), (0.3, 1.25), (0.4, 2.5), (0.6, 5.0), (1.0, 5.0)]
)
def test_adversarial_weight(progress, expected):
    objective = GenerationObjective(adversarial_ramp=WeightRamp(0.2, 0.6))
    assert objective.adversarial_weight(progress) == pytest.approx(expected)


def test_discriminators_given_as_none_are_left_out():
    objective = GenerationObjective()
    for appearance, pose, name in ((Constant(0, 0), None, "I"), (None, Constant(0, 0), "P")):
        first = objective.discriminator_losses(pairs(), images(2), appearance, pose)
        _, second = objective.generator_losses(pairs(), images(2), 1.0, appearance, pose, encode)
        assert list(first) == [f"loss_D_{name}"]
        assert list(second) == ["loss_R", f"loss_G_{name}", "loss_S"]
    assert objective.discriminator_losses(pairs(), images(2), None, None) == {}


def test_semantic_weight_0_asks_no_encoder():
    objective = GenerationObjective(ObjectiveWeights(semantic=0))
    _, losses = objective.generator_losses(pairs(), images(2), 1.0, None, None, encode=None)
    assert list(losses) == ["loss_R"]


@pytest.mark.parametrize(("progress", "factor"), [(0.2, 0), (0.3, 0.25), (1.0, 1)])
def test_semantic_ramp(progress, factor):
    weights = ObjectiveWeights(adversarial=0, reconstruction=0, semantic=4.0)
    objective = GenerationObjective(weights, semantic_ramp=WeightRamp(0.2, 0.6))
    asked = []

    def recorded(image):
        asked.append(image)
        return encode(image)

    total, _ = objective.generator_losses(pairs(), images(2), progress, None, None, recorded)
    wanted, found = unit(encode(pairs().condition)), unit(encode(images(2)))
    expected = 4 * factor * (wanted - found).abs().mean().item()
    assert total.item() == pytest.approx(expected, rel=1e-5)
    assert len(asked) == (2 if factor else 0)


@pytest.mark.parametrize("through", ["generated", "both"])
def test_what_the_semantic_term_trains(through):
    given = pairs()
    given.condition.requires_grad_()
    generated = images(2).requires_grad_()
    weights = ObjectiveWeights(adversarial=0, reconstruction=0)
    total, _ = GenerationObjective(weights, semantic_through=through).generator_losses(
        given, generated, 1.0, None, None, encode
    )
    total.backward()
    assert generated.grad.abs().sum() > 0
    assert (given.condition.grad is not None) == (through == "both")


def test_the_scale_of_the_embeddings_does_not_matter():
    losses = [
        GenerationObjective().generator_losses(
            pairs(), images(2), 1.0, None, None, lambda x, scale=scale: scale * encode(x)
        )[1]["loss_S"]
        for scale in (1.0, 50.0)
    ]
    assert losses[0].item() == pytest.approx(losses[1].item(), rel=1e-5)


def test_lsgan():
    objective = GenerationObjective(adversarial="lsgan")
    judge = Constant(0.5, 0.25)
    losses = objective.discriminator_losses(pairs(), images(2), judge, None)
    assert losses["loss_D_I"].item() == pytest.approx(0.25 + 0.0625)
    _, losses = objective.generator_losses(pairs(), images(2), 1.0, judge, None, encode)
    assert losses["loss_G_I"].item() == pytest.approx(0.5625)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"adversarial": "wgan"}, r"'wgan'.*bce.*lsgan.*hinge"),
        ({"semantic_through": "none"}, r"semantic_through='none'.*'generated' or 'both'"),
    ],
)
def test_unknown_names(options, message):
    with pytest.raises(UserError, match=message):
        GenerationObjective(**options)
