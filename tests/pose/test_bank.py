import pytest
import torch

from posegan_plugin.errors import UserError
from posegan_plugin.pose.bank import POLICIES, PoseBank

# Row 2 has too few joints, hence the bank's rows are the rows 0, 1, 3, 4, 5 of the data set.
JOINTS = [18, 10, 9, 11, 18, 12]
PIDS = torch.tensor([7, 7, 7, 8, 8, 9])
CAMIDS = torch.tensor([0, 1, 2, 0, 0, 1])


def people(joint_counts):
    keypoints = torch.arange(len(joint_counts) * 54.0).reshape(-1, 18, 3)
    for person, count in enumerate(joint_counts):
        keypoints[person, :, 2] = (torch.arange(18) < count).float()
    return keypoints


@pytest.fixture
def bank():
    return PoseBank(people(JOINTS), PIDS, CAMIDS)


def may_choose(policy, row, pid, camid, excluded):
    """The rule of a policy for one person and one row of the data set, in plain words."""
    if JOINTS[row] < 10 or row == excluded:
        return False
    if policy == "same_id":
        return PIDS[row] == pid
    if policy == "cross_camera":
        return CAMIDS[row] != camid
    return True


def chosen(bank, policy, pid, camid, excluded=None, draws=300):
    """All rows of the data set that come up in many draws; -1 for none."""
    rows = bank.sample(
        policy,
        torch.full((draws,), pid),
        torch.full((draws,), camid),
        torch.Generator().manual_seed(0),
        None if excluded is None else torch.full((draws,), excluded),
    )
    return {-1 if row < 0 else bank.indices[row].item() for row in rows}


def test_keeps_complete_enough_poses(bank):
    assert len(bank) == 5
    assert bank.indices.tolist() == [0, 1, 3, 4, 5]
    assert bank.pids.tolist() == [7, 7, 8, 8, 9]
    assert bank.camids.tolist() == [0, 1, 0, 0, 1]
    assert torch.equal(bank.keypoints, people(JOINTS)[[0, 1, 3, 4, 5]])
    assert len(PoseBank(people(JOINTS), PIDS, CAMIDS, min_joints=0)) == 6
    assert PoseBank(people(JOINTS), PIDS, CAMIDS, min_joints=13).indices.tolist() == [0, 4]


@pytest.mark.parametrize("excluded", [None, -1, 0, 2, 4])
@pytest.mark.parametrize("camid", [0, 1, 5])
@pytest.mark.parametrize("pid", [7, 8, 9, 100])
@pytest.mark.parametrize("policy", POLICIES)
def test_every_candidate_and_nothing_else_comes_up(bank, policy, pid, camid, excluded):
    allowed = {row for row in range(6) if may_choose(policy, row, pid, camid, excluded)}
    assert chosen(bank, policy, pid, camid, excluded) == (allowed or {-1})


def test_no_candidate_in_a_mixed_batch(bank):
    pids, camids = torch.tensor([9, 100, 9]), torch.tensor([0, 0, 0])
    rows = bank.sample("same_id", pids, camids, exclude=torch.tensor([-1, -1, 5]))
    assert rows.tolist() == [4, -1, -1]
    assert rows.dtype == torch.int64


def test_several_poses_excluded_for_each_person(bank):
    pids, camids = torch.tensor([7, 7, 8]), torch.tensor([0, 0, 0])
    rows = bank.sample(
        "any", pids, camids, exclude=torch.tensor([[0, 1, 3, 4], [3, 4, 5, -1], [0, 1, 3, 5]])
    )
    assert bank.indices[rows[0]] == 5
    assert bank.indices[rows[1]] in (0, 1)
    assert bank.indices[rows[2]] == 4
    everything = torch.tensor([[0, 1], [1, 0], [4, 3]])
    assert bank.sample("same_id", pids, camids, exclude=everything).tolist() == [-1, -1, -1]


def test_no_other_camera():
    bank = PoseBank(people([18, 18]), torch.tensor([1, 2]), torch.tensor([3, 3]))
    assert bank.sample("cross_camera", torch.tensor([1]), torch.tensor([3])).tolist() == [-1]


def test_all_candidates_have_the_same_chance(bank):
    draws = 10_000
    batch = torch.zeros(draws, dtype=torch.int64)
    rows = bank.sample("any", batch, batch, torch.Generator().manual_seed(0))
    # Each of five rows is expected 2000 times with a standard deviation of 40.
    assert (torch.bincount(rows, minlength=5) - 2000).abs().max() < 200


def test_a_seed_decides(bank):
    def draw(seed):
        batch = torch.zeros(100, dtype=torch.int64)
        return bank.sample("any", batch, batch, torch.Generator().manual_seed(seed)).tolist()

    assert draw(1) == draw(1)
    assert draw(1) != draw(2)
    torch.manual_seed(1)
    batch = torch.zeros(100, dtype=torch.int64)
    assert bank.sample("any", batch, batch).tolist() == draw(1)


@pytest.mark.parametrize("policy", POLICIES)
def test_empty_batch(bank, policy):
    none = torch.zeros(0, dtype=torch.int64)
    assert bank.sample(policy, none, none, exclude=none).shape == (0,)


def test_integers_of_other_widths():
    bank = PoseBank(people(JOINTS), PIDS.int(), CAMIDS.short())
    rows = bank.sample("same_id", torch.tensor([9], dtype=torch.int32), torch.tensor([1]))
    assert rows.tolist() == [4]


def test_unknown_policy_lists_the_three(bank):
    with pytest.raises(UserError, match=r"'random'.*'same_id', 'cross_camera', 'any'"):
        bank.sample("random", PIDS, CAMIDS)


def test_empty_bank_says_who_had_how_many_joints():
    with pytest.raises(UserError) as error:
        PoseBank(people([3, 9, 3]), torch.arange(3), torch.arange(3))
    message = str(error.value)
    assert "None of the 3 people" in message
    assert "min_joints=10" in message
    assert "(2 with 3 joints, 1 with 9 joints)" in message


def test_no_people_at_all():
    none = torch.zeros(0, dtype=torch.int64)
    with pytest.raises(UserError, match="no people"):
        PoseBank(torch.zeros(0, 18, 3), none, none)


def test_shapes_that_do_not_fit():
    with pytest.raises(ValueError, match=r"\(M, 18, 3\)"):
        PoseBank(torch.zeros(6, 17, 3), PIDS, CAMIDS)
    with pytest.raises(ValueError, match="6 poses"):
        PoseBank(people(JOINTS), PIDS[:5], CAMIDS)


def test_to_moves_everything(bank):
    assert bank.to("meta") is bank
    for tensor in (bank.keypoints, bank.pids, bank.camids, bank.indices):
        assert tensor.device.type == "meta"


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("policy", POLICIES)
def test_same_draws_on_the_gpu(bank, policy):
    rows = bank.sample(policy, PIDS, CAMIDS, torch.Generator().manual_seed(0))
    on_gpu = bank.to("cuda").sample(policy, PIDS, CAMIDS, torch.Generator().manual_seed(0))
    assert on_gpu.is_cuda
    assert on_gpu.tolist() == rows.tolist()
