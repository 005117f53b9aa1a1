"""A trained, frozen re-ID network beside a generator that trains."""

import copy

import pytest
import torch

from posegan_plugin import UserError
from posegan_plugin.checkpoint import save_checkpoint


@pytest.fixture
def encoder(build, tmp_path):
    """A checkpoint of a re-ID network, and the network."""
    model = build(mode="baseline")
    with torch.no_grad():
        for parameter in model.reid.parameters():
            parameter.mul_(1.5)
    path = tmp_path / "encoder.pth"
    save_checkpoint({"state_dict": model.state_dict()}, path)
    return path, model.reid


@pytest.mark.parametrize("through", ["generated", "both"])
def test_the_others_learn(build, step, batch, encoder, through):
    path, reid = encoder
    model = build(reid_checkpoint=str(path), **{"objective.semantic_through": through})
    names = {"generator", "appearance_discriminator", "pose_discriminator"}
    assert set(model.trained_networks) == names
    log, changed, buffers = step(model, batch)
    assert changed == names
    assert not [name for name in buffers if name.startswith("reid.")]
    found = model.reid.state_dict()
    assert all(torch.equal(value, found[name]) for name, value in reid.state_dict().items())
    weights = model.generation_objective.weights
    total = (
        weights.adversarial * (log["loss_G_I"] + log["loss_G_P"])
        + weights.reconstruction * log["loss_R"]
        + weights.semantic * log["loss_S"]
        + weights.structural * log["loss_SSIM"]
    )
    assert log["loss"].item() == pytest.approx(total.item(), rel=1e-5)
    assert "loss_id" not in log


def test_the_loss_is_that_of_its_features(build, step, batch, encoder):
    path, _ = encoder
    logs = [step(build(reid_checkpoint=given), batch)[0] for given in (str(path), None)]
    assert logs[0]["loss_R"] == logs[1]["loss_R"]
    assert logs[0]["loss_S"] != logs[1]["loss_S"]


def test_a_batch_without_pairs_changes_nothing(build, step, batch, encoder):
    alone = copy.deepcopy(batch)
    alone["keypoints"][..., 2] = 0
    log, changed, buffers = step(build(reid_checkpoint=str(encoder[0])), alone)
    assert (log, changed, buffers) == ({"loss": 0}, set(), set())


def test_other_modes_would_train_nothing_with_it(build, encoder):
    with pytest.raises(UserError, match=r"reid_checkpoint.*'joint'"):
        build(mode="baseline", reid_checkpoint=str(encoder[0]))


def test_of_another_architecture(build, encoder):
    options = {"reid.embedding_dim": 7}
    with pytest.raises(UserError, match="another architecture"):
        build(reid_checkpoint=str(encoder[0]), **options)


LAYERS = ["backbone.model.conv1", "backbone.model.conv2"]


def test_perceptual_loss(build, step, batch, encoder):
    options = {"objective.weights.perceptual": 2.0, "objective.perceptual_layers": LAYERS}
    options["reid_checkpoint"] = str(encoder[0])
    log, changed, buffers = step(build(**options), batch)
    assert log["loss_F"] > 0
    assert "reid" not in changed
    assert not [name for name in buffers if name.startswith("reid.")]
    without = step(build(reid_checkpoint=str(encoder[0])), batch)[0]
    assert log["loss_S"] == without["loss_S"]
    assert (log["loss"] - without["loss"]).item() == pytest.approx(2 * log["loss_F"].item(), 1e-4)
    options["objective.perceptual_ramp"] = (0.8, 0.9)
    assert "loss_F" not in step(build(**options), batch)[0]


def test_perceptual_loss_of_layers_that_are_not_there(build, step, batch, encoder):
    options = {"reid_checkpoint": str(encoder[0]), "objective.weights.perceptual": 1.0}
    with pytest.raises(UserError, match="perceptual_layers"):
        build(**options)
    model = build(**options, **{"objective.perceptual_layers": ["backbone.model.conv9"]})
    with pytest.raises(
        UserError,
        match=r"'backbone.model.conv9' in the re-ID network; parts of backbone.model are conv1",
    ):
        step(model, batch)


def test_structural_loss(build, step, batch, encoder):
    options = {"reid_checkpoint": str(encoder[0])}
    (without, *_), (log, changed, _) = (
        step(build(**options, **{"objective.weights.structural": weight}), batch)
        for weight in (0.0, 3.0)
    )
    assert "loss_SSIM" not in without
    assert "generator" in changed
    assert 0 < log["loss_SSIM"] < 2
    assert (log["loss"] - without["loss"]).item() == pytest.approx(
        3 * log["loss_SSIM"].item(), 1e-4
    )
