import pytest
import torch
from torch import nn

from posegan_plugin.augment import PersonBatch, PoseTransferAugment, SynthesisPolicy, transfer
from posegan_plugin.errors import UserError
from posegan_plugin.images import resize_images
from posegan_plugin.pose import PoseBank

SIZE = (16, 8)


class Recorder(nn.Module):
    """A generator that keeps its arguments and darkens the condition image."""

    def __init__(self, image_size=SIZE, num_cameras=0):
        super().__init__()
        self.image_size = image_size
        self.num_cameras = num_cameras
        self.factor = nn.Parameter(torch.tensor(0.5))
        self.norm = nn.BatchNorm2d(3)
        self.calls = []

    def forward(self, condition, condition_pose, target_pose, target_camera=None):
        self.calls.append((condition, condition_pose, target_pose, target_camera))
        self.was_training = self.training
        return self.factor * condition


def people(identities=16, images=4, joints=18, size=SIZE):
    """``identities`` x ``images`` people; person i of camera i % images, pixel value i / B."""
    count = identities * images
    rows = torch.arange(count)
    pixels = (rows / count)[:, None, None, None].expand(-1, 3, *size).clone()
    keypoints = torch.rand(count, 18, 3, generator=torch.Generator().manual_seed(0)) * size[1]
    keypoints[..., 2] = (torch.arange(18) < joints).float()
    return PersonBatch.of_real(pixels, keypoints, rows // images, rows % images, rows)


def bank_of(batch, min_joints=10):
    return PoseBank(batch.keypoints, batch.pids, batch.camids, min_joints)


def augment(batch, generator=None, progress=1.0, encoder=None, teacher=None, bank=None, **policy):
    torch.manual_seed(0)
    transferrer = PoseTransferAugment(
        generator or Recorder(), bank or bank_of(batch), SynthesisPolicy(**policy), teacher
    )
    return transferrer(batch, progress, encoder)


def pose_rows(keypoints, batch):
    """Which row of the batch each pose belongs to."""
    same = (keypoints[:, None] == batch.keypoints[None]).flatten(2).all(dim=2)
    assert (same.sum(dim=1) == 1).all()
    return same.int().argmax(dim=1)


def test_a_quarter_of_64_is_16_more_with_the_conditions_identity():
    batch = people()
    out = augment(batch)
    assert len(out) == 80
    assert out.synthesised.tolist() == [False] * 64 + [True] * 16
    real, fake = out[~out.synthesised], out[out.synthesised]
    for field in ("images", "keypoints", "pids", "camids", "indices", "weights"):
        assert torch.equal(getattr(real, field), getattr(batch, field))
    # Each one is the darkened image of the condition that it names.
    assert torch.allclose(fake.images, 0.5 * batch.images[fake.indices])
    assert torch.equal(fake.pids, batch.pids[fake.indices])
    assert torch.equal(fake.camids, batch.camids[fake.indices])
    assert len(set(fake.indices.tolist())) == 16
    # Its pose is that of another image of the same person.
    sources = pose_rows(fake.keypoints, batch)
    assert torch.equal(batch.pids[sources], fake.pids)
    assert (sources != fake.indices).all()


def test_poses_in_pixels_of_the_generator():
    generator = Recorder(image_size=(32, 24))
    batch = people()
    out = augment(batch, generator)
    fake = out[out.synthesised]
    condition, source, target, camera = generator.calls[0]
    assert camera is None
    assert condition.shape == (16, 3, 32, 24)
    assert out.images.shape[1:] == (3, *SIZE)
    old = batch.keypoints[fake.indices]
    for given, pose in ((old, source), (fake.keypoints, target)):
        # Twice the height and three times the width, centres of pixels at integers.
        assert torch.allclose(pose[..., 0], (given[..., 0] + 0.5) * 3 - 0.5, atol=1e-5)
        assert torch.allclose(pose[..., 1], (given[..., 1] + 0.5) * 2 - 0.5, atol=1e-5)
        assert torch.equal(pose[..., 2], given[..., 2])


def test_real_images_stay_untouched():
    batch = people()
    images, keypoints = batch.images.clone(), batch.keypoints.clone()
    out = augment(batch, Recorder((32, 24)))
    assert torch.equal(batch.images, images)
    assert torch.equal(batch.keypoints, keypoints)
    assert torch.equal(out.images[:64], images)
    assert len(batch) == 64
    assert not batch.synthesised.any()


def test_cross_camera_without_a_camera_aware_generator_keeps_the_conditions_camera():
    batch = people()
    out = augment(batch, target="cross_camera")
    fake = out[out.synthesised]
    targets = pose_rows(fake.keypoints, batch)
    assert torch.equal(fake.camids, batch.camids[fake.indices])
    assert (batch.camids[targets] != fake.camids).all()


def test_camera_aware_generator_is_given_the_targets_camera_and_moves_people_there():
    generator = Recorder(num_cameras=4)
    batch = people()
    out = augment(batch, generator, target="cross_camera")
    fake = out[out.synthesised]
    targets = pose_rows(fake.keypoints, batch)
    assert torch.equal(fake.camids, batch.camids[targets])
    assert torch.equal(generator.calls[0][3], fake.camids)
    assert (fake.camids != batch.camids[fake.indices]).all()
    assert torch.equal(fake.pids, batch.pids[fake.indices])


def test_any_takes_poses_of_other_people():
    batch = people()
    out = augment(batch, target="any", ratio=1.0)
    fake = out[out.synthesised]
    assert len(fake) == 64
    assert (batch.pids[pose_rows(fake.keypoints, batch)] != fake.pids).any()


@pytest.mark.parametrize(("ratio", "count"), [(0.0, 0), (1.0, 8), (2.0, 16), (2.5, 20)])
def test_nobody_twice_before_all_were_once(ratio, count):
    batch = people(2, 4)
    out = augment(batch, ratio=ratio)
    times = torch.bincount(out.indices[8:], minlength=8)
    assert len(out) == 8 + count
    assert times.max() - times.min() <= (1 if count % 8 else 0)


def test_few_joints_are_neither_condition_nor_target():
    batch = people(4, 4)
    batch.keypoints[::2, :, 2] = (torch.arange(18) < 11).float()
    out = augment(batch, ratio=2.0, min_joints=12, bank=bank_of(batch, 12))
    fake = out[out.synthesised]
    assert len(fake) == 32
    assert set(fake.indices.tolist()) == set(range(1, 16, 2))
    assert (pose_rows(fake.keypoints, batch) % 2 == 1).all()


def test_nobody_with_enough_joints():
    batch = people(2, 4)
    bank = bank_of(batch)
    batch.keypoints[..., 2] = 0
    generator = Recorder()
    assert augment(batch, generator, bank=bank) is batch
    assert generator.calls == []


def test_people_without_a_target_are_left_out():
    batch = people(8, 1)  # one image each: no other pose of the same person
    generator = Recorder()
    assert augment(batch, generator, ratio=1.0) is batch
    batch.pids[1] = 0  # persons 0 and 1 are now the same
    out = augment(batch, generator, ratio=1.0)
    assert sorted(out.indices[8:].tolist()) == [0, 1]


def test_nobody_is_added_while_the_weight_is_zero():
    assert len(augment(people(), progress=0.0, weight=0.5, warmup=0.2)) == 64


@pytest.mark.parametrize(("progress", "weight"), [(0.1, 0.25), (0.2, 0.5), (1.0, 0.5)])
def test_weights_by_warmup(progress, weight):
    out = augment(people(), progress=progress, weight=0.5, warmup=0.2)
    assert out.weights[:64].tolist() == [1.0] * 64
    assert out.weights[64:].tolist() == pytest.approx([weight] * 16)


def test_smooth_labels_for_synthesised_people_only():
    out = augment(people(), label="smooth", smoothing=0.2)
    assert out.smoothing[:64].tolist() == [0.0] * 64
    assert out.smoothing[64:].tolist() == pytest.approx([0.2] * 16)


def test_teacher_sees_the_synthesised_images_and_real_rows_are_nan():
    seen = []

    def teacher(images):
        seen.append(images)
        return torch.zeros(len(images), 16).index_fill_(1, torch.tensor([3]), 100.0)

    out = augment(people(), label="teacher", teacher=teacher)
    assert torch.equal(seen[0], out.images[64:])
    assert out.teacher[:64].isnan().all()
    assert out.teacher[64:].argmax(dim=1).tolist() == [3] * 16
    assert out.teacher[64:].sum(dim=1).tolist() == pytest.approx([1.0] * 16)


def test_teacher_is_needed():
    with pytest.raises(UserError, match="teacher_checkpoint"):
        augment(people(), label="teacher")


def test_filter_drops_people_who_lost_their_identity():
    batch = people()
    batch.images[:, 1] *= -1

    class Recolour(Recorder):
        """Turns every second person's colours round."""

        def forward(self, condition, *arguments):
            sign = torch.ones(len(condition), 1, 1, 1)
            sign[::2] = -1
            return sign * super().forward(condition, *arguments)

    batch.images += 0.01  # no all-zero vectors
    out = augment(batch, Recolour(), filter=0.9, encoder=lambda images: images.mean((2, 3)))
    fake = out[out.synthesised]
    assert len(fake) == 8
    assert torch.allclose(fake.images, 0.5 * batch.images[fake.indices], atol=1e-6)


def test_filter_may_drop_everyone():
    batch = people()

    def encoder(images):
        return torch.ones(len(images), 2) * (1 if images.max() > 0.5 else -1)

    batch.images[:] = 1.0
    generator = Recorder()
    generator.factor.data.fill_(-1.0)
    out = augment(batch, generator, filter=0.5, encoder=encoder, label="smooth")
    assert len(out) == 64
    assert torch.equal(out.images, batch.images)


def test_filter_needs_an_encoder():
    with pytest.raises(UserError, match="filter"):
        augment(people(), filter=0.5)


def test_generator_is_frozen_and_in_evaluation_mode_whoever_trains_it():
    generator = Recorder().train()
    batch = people()
    batch.images.requires_grad_()
    transferrer = PoseTransferAugment(generator, bank_of(batch))
    generator.train()  # as the model around it does
    out = transferrer(batch)
    assert not generator.was_training
    assert not generator.norm.training
    assert not any(p.requires_grad for p in generator.parameters())
    assert len(out) == 80
    assert not generator.calls[0][0].requires_grad


def test_default_policy():
    assert PoseTransferAugment(Recorder(), bank_of(people())).policy == SynthesisPolicy()


def test_half_precision_batches_stay_so():
    batch = people()
    batch.images = batch.images.half()
    generator = Recorder()  # float32 weights: the product is float16 or float32
    generator.forward = lambda condition, *_: 0.5 * condition.float()
    assert augment(batch, generator).images.dtype == torch.float16


def test_transfer_resizes_forth_and_back():
    generator = Recorder(image_size=(8, 4), num_cameras=3)
    images = torch.rand(2, 3, 16, 8, generator=torch.Generator().manual_seed(0))
    poses = torch.ones(2, 18, 3)
    out = transfer(generator, images, poses, 2 * poses, torch.tensor([2, 1]))
    small = resize_images(images, (8, 4))
    condition, source, target, camera = generator.calls[0]
    assert torch.equal(condition, small)
    assert source[0, 0].tolist() == [0.25, 0.25, 1]
    assert target[0, 0].tolist() == [0.75, 0.75, 2]
    assert camera.tolist() == [2, 1]
    assert torch.allclose(out, resize_images(0.5 * small, (16, 8)))


def test_transfer_lets_gradients_through():
    generator = Recorder(image_size=(8, 4))
    images = torch.rand(1, 3, 16, 8).requires_grad_()
    transfer(generator, images, torch.ones(1, 18, 3), torch.ones(1, 18, 3)).sum().backward()
    assert images.grad.sum().item() > 0
    assert generator.factor.grad.item() > 0
