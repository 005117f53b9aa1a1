import math
import random

import pytest
import torch

pytest.importorskip("torchreid")

from posegan_plugin.augment import random_flip
from posegan_plugin.errors import UserError
from posegan_plugin.images import resize_images, to_imagenet

NAMES = ("reid", "generator", "appearance_discriminator", "pose_discriminator")
NOTHING = dict.fromkeys(("adversarial", "reconstruction", "semantic", "quartet", "identity"), 0.0)
REID_TERMS = ["loss_x", "loss_q", "acc", "spread"]
GENERATION_TERMS = ["loss_R", "loss_G_I", "loss_G_P", "loss_S", "loss_D_I", "loss_D_P"]


def first_batch(engine):
    torch.manual_seed(0)
    random.seed(0)
    return next(iter(engine.train_loader))


def step(engine):
    engine.set_model_mode("train")
    return engine.forward_backward(first_batch(engine))


def weights(network):
    return {k: v.clone() for k, v in network.state_dict().items()}


def same(a, b):
    return all(torch.equal(a[k], b[k]) for k in a)


def test_losses_are_finite_and_fall(joint_engine):
    engine = joint_engine()
    logs = [step(engine) for _ in range(6)]
    assert list(logs[0]) == [*REID_TERMS, *GENERATION_TERMS]
    assert all(type(v) is float and math.isfinite(v) for log in logs for v in log.values())
    assert logs[-1]["loss_R"] < logs[0]["loss_R"]
    assert logs[-1]["loss_x"] < logs[0]["loss_x"]
    assert logs[-1]["loss_D_P"] < logs[0]["loss_D_P"]


def test_reid_network_sees_torchreids_images_and_the_generators(joint_engine):
    engine = joint_engine(policy={"ratio": 0.25}, objective={"weights": NOTHING | {"identity": 1}})
    seen, drawn = [], []
    engine.model.register_forward_pre_hook(lambda m, args: seen.append((m.training, *args)))
    engine._models["generator"].register_forward_hook(lambda m, args, out: drawn.append(out))
    data = first_batch(engine)
    engine.set_model_mode("train")
    engine.forward_backward(data)
    [images] = [images for training, images in seen if training]
    assert torch.equal(images[:16], data["img"])
    added = to_imagenet(resize_images(drawn[0], (64, 32)))
    assert len(images) == 20
    for image in images[16:]:
        assert any(torch.equal(image, other) for other in added)


def test_the_generators_images_are_cropped_and_erased_as_the_others(joint_engine):
    transforms = ["random_crop", "random_erase"]
    engine = joint_engine(data={"transforms": transforms}, policy={"ratio": 1.0}, max_pairs=None)
    seen, drawn = [], []
    engine.model.register_forward_pre_hook(lambda m, args: seen.append((m.training, *args)))
    engine._models["generator"].register_forward_hook(lambda m, args, out: drawn.append(out))
    step(engine)
    [images] = [images for training, images in seen if training]
    added = to_imagenet(resize_images(drawn[0], (64, 32)))
    plain = [any(torch.equal(image, other) for other in added) for image in images[16:]]
    assert 0 < sum(plain) < len(plain) == 16
    assert (images[16:, 0] == 0.485).any()  # torchreid's colour


@pytest.mark.parametrize("reid_to_generator", [True, False])
def test_identity_loss_reaches_the_generator_where_wanted(joint_engine, reid_to_generator):
    engine = joint_engine(
        reid_to_generator=reid_to_generator, objective={"weights": NOTHING | {"identity": 1}}
    )
    before = weights(engine._models["generator"].pagn)
    step(engine)
    after = weights(engine._models["generator"].pagn)
    parameters = [k for k, _ in engine._models["generator"].pagn.named_parameters()]
    moved = any(not torch.equal(before[k], after[k]) for k in parameters)
    assert moved is reid_to_generator


@pytest.mark.parametrize("through", ["generated", "both"])
def test_semantic_loss_trains_the_encoder_only_where_wanted(joint_engine, through):
    objective = {"weights": NOTHING | {"semantic": 1}, "semantic_through": through}
    engine = joint_engine(objective=objective, policy={"ratio": 0.0})
    step(engine)
    encoder = any(p.grad.any() for p in engine.model.parameters() if p.grad is not None)
    assert encoder is (through == "both")
    assert any(p.grad.any() for p in engine._models["generator"].parameters())
    assert all(p.requires_grad for p in engine.model.parameters())
    assert engine.model.training


def test_generator_step_does_not_train_the_judges(joint_engine):
    engine, seen = joint_engine(), []
    judge = engine._models["pose_discriminator"]
    judge.register_forward_pre_hook(lambda m, args: seen.append(next(m.parameters()).requires_grad))
    step(engine)
    assert seen == [True, False]


@pytest.mark.parametrize("flip", [0.0, 1.0])
def test_generator_sees_people_flipped_with_their_key_points(joint_engine, flip):
    engine, seen = joint_engine(flip=flip, max_pairs=None), []
    engine._models["generator"].register_forward_pre_hook(lambda m, args: seen.append(args[:2]))
    step(engine)
    batch = random_flip(engine.people.batch(first_batch(engine)), flip)
    torch.testing.assert_close(seen[0][0], batch.images)
    torch.testing.assert_close(seen[0][1], batch.keypoints)


def test_the_gradient_through_the_encoder_is_taken_at_the_statistics_of_its_output(joint_engine):
    engine, seen = joint_engine(), []
    layer = next(m for m in engine.model.modules() if isinstance(m, torch.nn.BatchNorm2d))
    layer.register_forward_hook(
        lambda m, *_: seen.append((m.training, torch.is_grad_enabled(), m.running_mean.clone()))
    )
    before = layer.running_mean.clone()
    step(engine)
    [used] = [mean for training, graph, mean in seen if graph and not training]
    assert torch.equal(used, layer.running_mean)
    assert not torch.equal(used, before)


def test_frozen_discriminator_stays_frozen_but_judges(joint_engine, tmp_path):
    engine = joint_engine(frozen=["pose_discriminator"])
    judge = engine._models["pose_discriminator"]
    before = weights(judge)
    engine.run(tmp_path, max_epoch=1)
    assert same(weights(judge), before)
    assert not judge.training
    assert not any(p.requires_grad for p in judge.parameters())
    checkpoint = torch.load(tmp_path / "pose_discriminator/model.pth.tar-1", weights_only=True)
    assert "optimizer" not in checkpoint
    log = step(engine)
    assert "loss_G_P" in log
    assert "loss_D_P" not in log
    assert engine.resume(tmp_path) == 1


def test_frozen_generator_and_reid_network(joint_engine):
    engine = joint_engine(frozen=["generator"])
    before, reid = weights(engine._models["generator"]), weights(engine.model)
    step(engine)
    assert same(weights(engine._models["generator"]), before)
    assert not same(weights(engine.model), reid)


def test_without_discriminators(joint_engine):
    engine = joint_engine(without=["appearance_discriminator", "pose_discriminator"])
    log = step(engine)
    assert [k for k in log if "_D" in k or "_G" in k] == []
    assert engine.get_model_names() == ["reid", "generator"]


def test_amp(joint_engine):
    plain = step(joint_engine())
    engine = joint_engine(amp=True)
    seen = {}
    for name in NAMES:
        last = [m for m in engine._models[name].modules() if isinstance(m, torch.nn.Conv2d)][-1]
        last.register_forward_hook(lambda m, args, out, n=name: seen.update({n: out.dtype}))
    log = step(engine)
    assert seen == dict.fromkeys(NAMES, torch.bfloat16)
    assert log.keys() == plain.keys()
    for name in ("loss_x", "loss_R", "loss_G_I", "loss_D_P"):
        assert log[name] == pytest.approx(plain[name], rel=0.05)
    assert {p.dtype for n in NAMES for p in engine._models[n].parameters()} == {torch.float32}


def test_people_of_no_pose_train_the_reid_network_alone(joint_engine):
    engine = joint_engine()
    engine.people.dataset.keypoints.zero_()
    before = weights(engine._models["generator"])
    log = step(engine)
    assert list(log) == REID_TERMS
    assert same(weights(engine._models["generator"]), before)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"optimizers": {}}, "no optimizer for 'reid'"),
        ({"schedulers": {"gan": None}}, "scheduler for 'gan', but the networks are reid"),
        ({"policy": {"target": "any"}}, "no true target image"),
        ({"policy": {"label": "teacher"}}, "needs a teacher"),
        ({"policy": {"rate": 1}}, "policy: .*rate"),
        ({"objective": {"adversarial": "wgan"}}, "wgan"),
    ],
)
def test_wrong_options(joint_engine, options, message):
    with pytest.raises(UserError, match=message):
        joint_engine(**options)


def test_wrapped_manager_and_too_few_cameras(joint_engine):
    engine = joint_engine()
    parts = [engine._models[n] for n in NAMES]
    arguments = (*parts, engine._optims, None, engine.people)
    engine.datamanager.extra_keys_read = False
    with pytest.raises(UserError, match="adds people to the batches itself"):
        type(engine)(engine.datamanager, *arguments)
    del engine.datamanager.extra_keys_read
    parts[1].num_cameras = 2
    with pytest.raises(UserError, match="knows 2 cameras, the training set has 3"):
        type(engine)(engine.datamanager, *arguments)
