import pytest
import torch

from posegan_plugin import UserError
from posegan_plugin.training import ReIDObjective

NETWORKS = ("reid", "generator", "appearance_discriminator", "pose_discriminator")
REID_ONLY = {
    "objective.weights.adversarial": 0.0,
    "objective.weights.reconstruction": 0.0,
    "objective.weights.semantic": 0.0,
    "objective.weights.structural": 0.0,
}


@pytest.fixture
def reid_batches(monkeypatch):
    """The people that the re-ID losses saw."""
    seen = []
    forward = ReIDObjective.forward

    def looking(self, output, people, progress):
        seen.append(people)
        return forward(self, output, people, progress)

    monkeypatch.setattr(ReIDObjective, "forward", looking)
    return seen


def test_every_network_learns(build, step, batch):
    model = build()
    log, changed, _ = step(model, batch)
    assert changed == set(NETWORKS) == set(model.trained_networks)
    losses = {"loss", "loss_id", "loss_quartet", "loss_R", "loss_S", "loss_SSIM"}
    losses |= {"loss_G_I", "loss_G_P", "loss_D_I", "loss_D_P"}
    assert set(log) == losses | {"train_accuracy", "embedding_spread"}
    assert all(v.isfinite() for v in log.values())
    weights = model.generation_objective.weights
    total = (
        weights.adversarial * (log["loss_G_I"] + log["loss_G_P"])
        + weights.reconstruction * log["loss_R"]
        + weights.semantic * log["loss_S"]
        + weights.structural * log["loss_SSIM"]
        + weights.quartet * log["loss_quartet"]
        + weights.identity * log["loss_id"]
    )
    assert log["loss"].item() == pytest.approx(total.item(), rel=1e-5)


def test_the_generators_step_leaves_no_gradient_in_the_discriminators(build, step, batch):
    model = build()
    step(model, batch)
    for parameter in model.parameters():
        assert parameter.grad is None or parameter.grad.count_nonzero() == 0
    assert all(p.requires_grad for p in model.parameters())


def test_discriminators_wait_for_their_ramp(build, step, batch):
    log, changed, buffers = step(build(**{"objective.adversarial_ramp": (1.0, 1.0)}), batch)
    assert changed == {"reid", "generator"}
    assert not [k for k in log if "_D_" in k or "_G_" in k]
    assert not [k for k in buffers if "discriminator" in k]


@pytest.mark.parametrize("without", [NETWORKS[2:3], NETWORKS[3:], NETWORKS[2:]])
def test_without_discriminators(build, step, batch, without):
    model = build(**dict.fromkeys(without))
    log, changed, _ = step(model, batch)
    assert changed == set(NETWORKS) - set(without)
    assert ("loss_D_I" in log) == ("appearance_discriminator" not in without)
    assert ("loss_D_P" in log) == ("pose_discriminator" not in without)


def test_the_gradient_through_the_encoder_is_taken_at_the_statistics_of_its_output(
    build, step, batch
):
    # Backward passes of batch norm look at the statistics again.
    model, seen = build(), []
    layer = next(m for m in model.reid.modules() if isinstance(m, torch.nn.BatchNorm2d))
    layer.register_forward_hook(
        lambda m, *_: seen.append((m.training, torch.is_grad_enabled(), m.running_mean.clone()))
    )
    before = layer.running_mean.clone()
    step(model, batch)
    [used] = [mean for training, graph, mean in seen if graph and not training]
    assert torch.equal(used, layer.running_mean)
    assert not torch.equal(used, before)


@pytest.mark.parametrize("reach", [True, False])
def test_reid_losses_reach_the_generator_if_they_shall(build, step, batch, reach):
    _, changed, _ = step(build(**REID_ONLY, reid_to_generator=reach), batch)
    assert changed == ({"reid", "generator"} if reach else {"reid"})


def test_reconstruction_trains_the_generator_alone(build, step, batch):
    options = {**REID_ONLY, "objective.weights.reconstruction": 1.0}
    options |= {"objective.weights.identity": 0.0, "objective.weights.quartet": 0.0}
    assert step(build(**options), batch)[1] == {"generator"}


@pytest.mark.parametrize(("through", "trained"), [("generated", False), ("both", True)])
def test_semantic_consistency_and_the_encoder(build, step, batch, through, trained):
    options = {**REID_ONLY, "objective.semantic_through": through}
    options |= {"objective.weights.identity": 0.0, "objective.weights.quartet": 0.0}
    options |= {"reid_to_generator": False}
    without, with_it = build(**options), build(**{**options, "objective.weights.semantic": 10.0})
    assert step(without, batch)[1] == set()
    log, changed, _ = step(with_it, batch)
    assert log["loss_S"] > 0
    assert changed == ({"generator", "reid"} if trained else {"generator"})
    # The batch norms of the encoder see the re-ID batch, and nothing of this term.
    first, second = dict(without.reid.named_buffers()), dict(with_it.reid.named_buffers())
    same = all(torch.equal(first[k], second[k]) for k in first)
    assert same == (not trained)


@pytest.mark.parametrize(("limit", "count"), [(None, 8), (3, 3), (8, 8), (20, 8)])
def test_most_pairs_of_a_batch(build, step, batch, limit, count):
    model = build(max_pairs=limit)
    seen = []
    model.generator.register_forward_pre_hook(lambda _, given: seen.append(len(given[0])))
    step(model, batch)
    assert seen == [count]


def test_nobody_is_synthesised_from_more_people_than_there_are_pairs(
    build, step, batch, reid_batches
):
    step(build(**{"max_pairs": 3, "augment.ratio": 1.0}), batch)
    assert [len(b) for b in reid_batches] == [11]


def test_synthesised_people_behind_the_real_ones(build, step, batch, reid_batches):
    step(build(**{"augment.ratio": 0.5, "augment.label": "smooth"}), batch)
    (seen,) = reid_batches
    assert seen.synthesised.tolist() == [False] * 8 + [True] * 4
    assert seen.pids[:8].tolist() == batch["pid"].tolist()
    row_of = {int(i): row for row, i in enumerate(batch["index"])}
    conditions = [row_of[int(i)] for i in seen.indices[8:]]
    assert len(set(conditions)) == 4
    assert seen.pids[8:].tolist() == batch["pid"][conditions].tolist()
    assert seen.smoothing[8:].tolist() == pytest.approx([0.1] * 4)
    # The generator is told the target's camera, and a pair is the two images of one person.
    partner = [r + 1 if r % 2 == 0 else r - 1 for r in conditions]
    assert seen.camids[8:].tolist() == batch["camid"][partner].tolist()
    assert seen.images[8:].abs().max() <= 1


@pytest.mark.parametrize(("progress", "weight"), [(0.0, 0.0), (0.2, 0.5), (0.7, 1.0)])
def test_warmup_of_synthesised_people(build, step, batch, reid_batches, progress, weight):
    step(build(**{"augment.warmup": 0.4}), batch, progress)
    synthesised = [weight] * 4 if weight else []  # of weight 0 none are added
    assert reid_batches[0].weights.tolist() == pytest.approx([1.0] * 8 + synthesised)


def test_with_nobody_synthesised_the_reid_network_trains_as_the_baselines(build, step, batch):
    """The generator beside it, and what reads the network, change nothing in it, to the last bit."""
    # Nothing at random after the generator has drawn its pairs.
    fixed = {"reid_input.crop": 0.0, "reid_input.erase": 0.0, "objective.quartet.mining": "hard"}
    joint, apart = build(**fixed), build(**fixed, **{"augment.ratio": 0.0})
    baseline = build(**fixed, mode="baseline")
    for model in (joint, baseline):
        model.load_state_dict(apart.state_dict(), strict=model is joint)
    for seed in range(3):
        _, changed, _ = step(apart, batch, seed=seed)
        assert changed == set(NETWORKS)
        for model in (joint, baseline):
            step(model, batch, seed=seed)
    wanted = baseline.reid.state_dict()
    assert all(torch.equal(v, wanted[k]) for k, v in apart.reid.state_dict().items())
    assert any(not torch.equal(v, wanted[k]) for k, v in joint.reid.state_dict().items())


def test_filter(build, step, batch, reid_batches):
    for limit, count in ((-1.0, 12), (1.0, 8)):
        log, _, _ = step(build(**{"augment.filter": limit}), batch)
        assert log["loss"].isfinite()
        assert len(reid_batches.pop()) == count


def test_batch_of_people_without_poses(build, step, batch):
    data = {**batch, "keypoints": torch.zeros_like(batch["keypoints"])}
    log, changed, _ = step(build(), data)
    assert changed == {"reid"}
    assert "loss_R" not in log


def test_baseline(build, step, batch, reid_batches):
    model = build(mode="baseline")
    assert model.generator is model.appearance_discriminator is model.pose_discriminator is None
    assert not model.needs_poses
    log, changed, _ = step(model, {**batch, "keypoints": torch.zeros_like(batch["keypoints"])})
    assert changed == {"reid"} == set(model.trained_networks)
    assert len(reid_batches[0]) == 8
    assert "loss_R" not in log


def test_online(build, step, batch, people, reid_batches, joint_run):
    model = build(mode="online", generator_checkpoint=joint_run.work_dir, **{"augment.ratio": 1.0})
    assert model.trained_networks == ["reid"]
    assert model.pose_discriminator is None
    model.use_poses(
        people.keypoints, torch.from_numpy(people.pids), torch.from_numpy(people.camids)
    )
    _, changed, buffers = step(model, batch)
    assert changed == {"reid"}
    assert {k.split(".")[0] for k in buffers} == {"reid"}
    assert int(reid_batches[0].synthesised.sum()) == 8
    assert not model.generator.training


def test_joint_and_baseline_take_no_pose_bank(build, people):
    model = build()
    model.use_poses(
        people.keypoints, torch.from_numpy(people.pids), torch.from_numpy(people.camids)
    )
    assert model.data_preprocessor.augment is None


def test_same_seed_same_step(build, step, batch):
    logs = [step(build(), batch, seed=s)[0] for s in (3, 3, 4)]
    assert logs[0] == logs[1]
    assert logs[0] != logs[2]


@pytest.mark.parametrize(
    ("options", "part"),
    [
        ({"mode": "offline"}, "mode='offline'"),
        ({"num_identities": None}, "num_identities"),
        ({"num_cameras": None}, "num_cameras"),
        ({"generator": None}, "needs a generator"),
        ({"augment.target": "any"}, "target='any'"),
        ({"mode": "online"}, "generator_checkpoint"),
        ({"mode": "online", "augment.ratio": 0.0}, "ratio=0 synthesises nobody"),
        ({"reid.descriptor": "logits"}, "descriptor"),
    ],
)
def test_refused(build, options, part):
    with pytest.raises(UserError, match=part):
        build(**options)


def test_any_target_is_fine_where_no_true_image_is_needed(build, joint_run):
    options = {"augment.target": "any"}
    assert build(mode="baseline", **options).policy.target == "any"
    model = build(mode="online", generator_checkpoint=joint_run.work_dir, **options)
    assert model.policy.target == "any"


def test_teacher(build, step, batch, reid_batches, joint_run):
    options = {"teacher_checkpoint": joint_run.work_dir, "augment.label": "teacher"}
    model = build(**options)
    _, changed, buffers = step(model, batch)
    assert changed == set(NETWORKS)
    assert not [k for k in buffers if k.startswith("teacher")]
    teacher = reid_batches[0].teacher
    assert teacher[:8].isnan().all()
    with torch.no_grad():
        images = model.reid_input(reid_batches[0].images[8:], augment=False)
        expected = model.teacher(images).logits.softmax(dim=1)
    assert torch.allclose(teacher[8:], expected, atol=1e-5)


def test_teacher_of_another_size(build, joint_run):
    with pytest.raises(UserError, match="another architecture"):
        build(teacher_checkpoint=joint_run.work_dir, num_identities=13)
