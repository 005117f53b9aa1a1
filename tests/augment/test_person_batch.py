import pytest
import torch

from posegan_plugin.augment import PersonBatch


def real(count=3, start=0):
    rows = torch.arange(start, start + count)
    return PersonBatch.of_real(
        images=rows[:, None, None, None].float().expand(-1, 3, 4, 2).clone(),
        keypoints=rows[:, None, None].float().expand(-1, 18, 3).clone(),
        pids=rows + 10,
        camids=rows % 2,
        indices=rows + 100,
    )


def test_real_people_have_weight_one_and_no_smoothing():
    batch = real()
    assert len(batch) == 3
    assert batch.synthesised.tolist() == [False] * 3
    assert batch.weights.tolist() == [1.0] * 3
    assert batch.smoothing.tolist() == [0.0] * 3
    assert batch.teacher is None


@pytest.mark.parametrize("rows", [torch.tensor([2, 0]), torch.tensor([False, True, False])])
def test_rows_are_taken_of_every_field(rows):
    batch = real()
    batch.teacher = torch.eye(3)
    batch.weights = torch.tensor([0.1, 0.2, 0.3])
    taken = batch[rows]
    numbers = [2, 0] if rows.dtype == torch.int64 else [1]
    assert taken.images[:, 0, 0, 0].tolist() == numbers
    assert taken.keypoints[:, 5, 1].tolist() == numbers
    assert taken.pids.tolist() == [n + 10 for n in numbers]
    assert taken.camids.tolist() == [n % 2 for n in numbers]
    assert taken.indices.tolist() == [n + 100 for n in numbers]
    assert taken.weights.tolist() == pytest.approx([0.1 * (n + 1) for n in numbers])
    assert torch.equal(taken.teacher, torch.eye(3)[numbers])
    assert len(taken.synthesised) == len(taken.smoothing) == len(numbers)


def test_extension_stands_behind_and_changes_neither():
    first, second = real(2), real(3, start=5)
    second.synthesised[:] = True
    second.weights[:] = 0.5
    joined = first.extended_by(second)
    assert joined.pids.tolist() == [10, 11, 15, 16, 17]
    assert joined.images[:, 0, 0, 0].tolist() == [0, 1, 5, 6, 7]
    assert joined.synthesised.tolist() == [False] * 2 + [True] * 3
    assert joined.weights.tolist() == [1, 1, 0.5, 0.5, 0.5]
    assert joined.teacher is None
    assert (len(first), len(second)) == (2, 3)


@pytest.mark.parametrize("first_knows", [True, False])
def test_people_without_a_teacher_get_nan_rows(first_knows):
    first, second = real(2), real(2)
    (first if first_knows else second).teacher = torch.full((2, 4), 0.25)
    teacher = first.extended_by(second).teacher
    known, unknown = (teacher[:2], teacher[2:]) if first_knows else (teacher[2:], teacher[:2])
    assert teacher.shape == (4, 4)
    assert (known == 0.25).all()
    assert unknown.isnan().all()


def test_two_teachers_are_both_kept():
    first, second = real(1), real(1)
    first.teacher, second.teacher = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]])
    assert torch.equal(first.extended_by(second).teacher, torch.eye(2))
