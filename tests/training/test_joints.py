import math

import pytest
import torch

from posegan_plugin.datasets import PersonDataset, read_market_layout
from posegan_plugin.models.joint_network import JointNetwork
from posegan_plugin.pose import JOINTS, read_keypoint_csv
from posegan_plugin.training.joint_scores import evaluate_joints
from posegan_plugin.training.joints import JointSchedule, joint_losses, train_joints

SIZE = (64, 32)


def flat(count, value=0.0):
    """Logits that know nothing."""
    return (
        torch.zeros(count, 17, 64, requires_grad=True),
        torch.zeros(count, 17, 128),
        torch.full((count, 17), value),
    )


def pose(*joints):
    keypoints = torch.zeros(1, 18, 3)
    for name, x, y in joints:
        keypoints[0, JOINTS.index(name)] = torch.tensor([x, y, 1.0])
    return keypoints


def test_logits_that_know_nothing():
    place, presence = joint_losses(flat(1), pose(("nose", 5, 9), ("left_ankle", 20, 60)), SIZE)
    assert place.item() == pytest.approx(math.log(64) + math.log(128), rel=1e-5)
    assert presence.item() == pytest.approx(math.log(2), rel=1e-5)


def test_people_without_joints():
    logits = flat(2, value=-2.0)
    place, presence = joint_losses(logits, torch.zeros(2, 18, 3), SIZE)
    assert place.item() == 0.0
    assert presence.item() == pytest.approx(math.log1p(math.exp(-2)), rel=1e-5)
    (place + presence).backward()
    assert logits[0].grad.abs().sum() == 0


def test_place_loss_by_hand():
    """A logit of 9 at one column; the target is a Gaussian of 1.92 bins around bin 2 x."""
    column, row, presence = flat(1)
    column = column.detach()
    column[0, 0, 20] = 9.0  # COCO's first joint is the nose
    sigma = 2 * 0.015 * 64
    shares = [math.exp(-((k - 20) ** 2) / (2 * sigma**2)) for k in range(64)]
    log_sum = math.log(63 + math.exp(9))
    expected = log_sum - 9 * shares[20] / sum(shares) + math.log(128)
    place, _ = joint_losses((column, row, presence), pose(("nose", 10, 30)), SIZE)
    assert place.item() == pytest.approx(expected, rel=1e-5)
    off, _ = joint_losses((column, row, presence), pose(("nose", 20, 30)), SIZE)
    assert off > place + 1


def test_the_neck_is_not_learnt():
    """COCO has none: only the nose counts."""
    with_neck, _ = joint_losses(flat(1), pose(("nose", 5, 9), ("neck", 5, 20)), SIZE)
    without, _ = joint_losses(flat(1), pose(("nose", 5, 9)), SIZE)
    assert with_neck == without


def test_each_joint_teaches_its_own_row():
    column, row, presence = flat(1)
    place, _ = joint_losses((column, row, presence), pose(("right_wrist", 8, 30)), SIZE)
    place.backward()
    touched = column.grad[0].abs().sum(dim=1) > 0
    assert touched.nonzero().flatten().tolist() == [10]  # right_wrist in COCO's order


@pytest.fixture(scope="module")
def walkers(tiny):
    """The tiny procedural people, at the smallest input."""
    folder = tiny.data_root / "procedural_people"
    splits = read_market_layout(folder)
    keypoints = {}
    for path in splits.keypoints:
        keypoints.update(read_keypoint_csv(path))
    return PersonDataset(splits.train, keypoints, SIZE)


def trained(people, seed=0, epochs=1):
    torch.manual_seed(seed)
    network = JointNetwork(SIZE, channels=8, hidden=64)
    schedule = JointSchedule(epochs, batch_size=8, seed=seed)
    train_joints(network, people, schedule, progress=False)
    return network


def test_training_finds_joints(walkers):
    """Of the very people it was trained on; a body upright in the middle is soon known."""
    torch.manual_seed(0)
    untrained = JointNetwork(SIZE, channels=8, hidden=64).eval()
    before = evaluate_joints(untrained, walkers, threshold=0.0).overall[0]
    network = trained(walkers, epochs=12)
    assert not network.training
    after = evaluate_joints(network, walkers, threshold=0.3)
    assert before < 0.3
    assert after.overall[0] > 0.5
    assert after.pck[JOINTS.index("neck")] > 0.8


def test_missing_joints_get_low_scores(walkers):
    """Nobody's left arm is known: its score falls, the others' stay."""
    half = PersonDataset(walkers.people, {}, SIZE, require_keypoints=False)
    half.keypoints = walkers.keypoints.clone()
    arm = [JOINTS.index(f"left_{part}") for part in ("elbow", "wrist")]
    half.keypoints[:, arm, 2] = 0
    # Mirroring makes left arms of right ones, hence both.
    half.keypoints[:, [JOINTS.index(f"right_{part}") for part in ("elbow", "wrist")], 2] = 0
    scores = evaluate_joints(trained(half, epochs=6), walkers, threshold=0.3)
    assert scores.recall[arm].max() < 0.1
    assert scores.recall[JOINTS.index("left_hip")] > 0.9


def test_the_same_seed_gives_the_same_network(walkers):
    few = PersonDataset(walkers.people[:20], {}, SIZE, require_keypoints=False)
    few.keypoints = walkers.keypoints[:20]
    one, same, other = (trained(few, seed).state_dict() for seed in (0, 0, 1))
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert any(not torch.equal(one[name], other[name]) for name in one)
