import math

import pytest
import torch

from posegan_plugin.errors import UserError
from posegan_plugin.losses import QuartetLoss, hard_quartets, quartet_loss, random_quartets
from posegan_plugin.losses.quartets import hard_choices, random_choices

# Half-precision inputs meet the float32 tolerance because the arithmetic is float32.
TOLERANCE = {
    torch.float16: 1e-5,
    torch.bfloat16: 1e-5,
    torch.float32: 1e-5,
    torch.float64: 1e-12,
}
PIDS = torch.tensor([5, 5, 5, 9, 9, 2, 2, 2, 7])


def naive_quartet_loss(embeddings, quartets, tau1, tau2, normalize):
    rows = embeddings.double().tolist()
    if normalize:
        rows = [[x / math.sqrt(sum(y * y for y in row)) for x in row] for row in rows]

    def d(a, b):
        return sum((x - y) ** 2 for x, y in zip(rows[a], rows[b], strict=True))

    total = 0.0
    for i1, i2, i3, i4 in quartets.tolist():
        total += max(2 * d(i1, i2) - d(i1, i3) - d(i4, i3), tau1) + max(d(i1, i2), tau2)
    return total / len(quartets)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("normalize", [True, False])
def test_equals_naive_loop(dtype, normalize):
    generator = torch.Generator().manual_seed(0)
    embeddings = torch.randn(9, 6, generator=generator).to(dtype)
    quartets = random_quartets(PIDS, generator)
    # Both branches of both maxima occur.
    tau1, tau2 = (-1.0, 1.5) if normalize else (-3.0, 10.0)
    loss = quartet_loss(embeddings, PIDS, quartets, tau1, tau2, normalize)
    expected = naive_quartet_loss(embeddings, quartets, tau1, tau2, normalize)
    assert loss.item() == pytest.approx(expected, rel=TOLERANCE[dtype], abs=TOLERANCE[dtype])
    assert loss.dtype == (torch.float64 if dtype == torch.float64 else torch.float32)


@pytest.mark.parametrize(
    ("tau1", "tau2", "expected"),
    [
        # d12 = 1, d13 = 9, d43 = 16, so the first term is 2 - 25 = -23.
        (-1.0, 0.1, -1.0 + 1.0),
        (-30.0, 0.1, -23.0 + 1.0),
        (-30.0, 4.0, -23.0 + 4.0),
    ],
)
def test_worked_by_hand(tau1, tau2, expected):
    embeddings = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 3.0], [4.0, 3.0]])
    quartets = torch.tensor([[0, 1, 2, 3]])
    pids = torch.tensor([1, 1, 2, 3])
    assert quartet_loss(embeddings, pids, quartets, tau1, tau2, normalize=False) == expected


def test_mean_over_quartets_not_sum():
    embeddings = torch.tensor([[0.0], [1.0], [2.0], [4.0]])
    pids = torch.tensor([1, 1, 2, 3])
    one = quartet_loss(embeddings, pids, torch.tensor([[0, 1, 2, 3]]), -99, 0, normalize=False)
    two = quartet_loss(embeddings, pids, torch.tensor([[0, 1, 2, 3]] * 2), -99, 0, normalize=False)
    assert one == two == 2 - 4 - 4 + 1


@pytest.mark.parametrize("mining", ["random", "hard"])
@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize(
    "pids", [[], [1], [1, 1, 1], [1, 1, 2, 2], [1, 2, 3]], ids=lambda pids: str(pids)
)
def test_no_quartet_gives_zero_with_gradient(pids, dtype, mining):
    # The sum of these embeddings is inf in float16.
    embeddings = torch.full((len(pids), 4), 6e4).to(dtype).requires_grad_()
    loss = QuartetLoss(mining=mining)(embeddings, torch.tensor(pids, dtype=torch.int64))
    loss.backward()
    assert loss.item() == 0
    assert embeddings.grad.shape == embeddings.shape
    assert not embeddings.grad.any()


@pytest.mark.parametrize("mining", ["random", "hard"])
@pytest.mark.parametrize("normalize", [True, False])
@pytest.mark.parametrize("value", [0.0, 1.0], ids=["all zero", "all equal"])
def test_duplicates_have_finite_gradients(value, normalize, mining):
    embeddings = torch.full((9, 4), value, requires_grad=True)
    loss = QuartetLoss(mining=mining, normalize=normalize)(embeddings, PIDS)
    loss.backward()
    assert loss.item() == pytest.approx(0.1)  # max(0, -1) + max(0, 0.1)
    assert embeddings.grad.isfinite().all()


def test_gradient_pulls_positive_and_pushes_negatives():
    embeddings = torch.tensor([[0.0], [1.0], [2.0], [4.0]], requires_grad=True)
    pids = torch.tensor([1, 1, 2, 3])
    quartets = torch.tensor([[0, 1, 2, 3]])
    quartet_loss(embeddings, pids, quartets, -99, 0, normalize=False).backward()
    # 3 (x1-x2)^2 - (x1-x3)^2 - (x4-x3)^2, differentiated by hand.
    assert embeddings.grad.flatten().tolist() == [-6 + 4, 6, -4 + 4, -4]


def test_satisfied_quartet_has_no_gradient():
    embeddings = torch.tensor([[0.0], [0.1], [5.0], [9.0]], requires_grad=True)
    pids = torch.tensor([1, 1, 2, 3])
    quartet_loss(embeddings, pids, torch.tensor([[0, 1, 2, 3]]), normalize=False).backward()
    assert not embeddings.grad.any()


@pytest.mark.parametrize("mining", ["random", "hard"])
def test_autocast_changes_nothing(mining):
    embeddings = torch.randn(9, 64, generator=torch.Generator().manual_seed(1))
    loss = QuartetLoss(mining=mining)
    plain = loss(embeddings, PIDS, torch.Generator().manual_seed(2))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        mixed = loss(embeddings, PIDS, torch.Generator().manual_seed(2))
    assert torch.equal(plain, mixed)


def test_class_mines_with_its_own_settings():
    generator = torch.Generator().manual_seed(3)
    embeddings = torch.randn(9, 5, generator=generator)
    for normalize in (True, False):
        x = torch.nn.functional.normalize(embeddings) if normalize else embeddings
        quartets = hard_quartets(torch.cdist(x, x), PIDS)
        loss = QuartetLoss(-2.0, 0.2, "hard", normalize)(embeddings, PIDS)
        expected = naive_quartet_loss(embeddings, quartets, -2.0, 0.2, normalize)
        assert loss.item() == pytest.approx(expected, rel=1e-5)


def test_generator_makes_random_mining_repeatable():
    embeddings = torch.randn(9, 5, generator=torch.Generator().manual_seed(3))
    loss = QuartetLoss(quartets_per_anchor=3)
    values = [loss(embeddings, PIDS, torch.Generator().manual_seed(s)).item() for s in (1, 1, 2)]
    assert values[0] == values[1] != values[2]
    drawn = quartet_loss(embeddings, PIDS, generator=torch.Generator().manual_seed(1))
    once = QuartetLoss()(embeddings, PIDS, torch.Generator().manual_seed(1))
    assert drawn == once


def test_training_separates_people():
    torch.manual_seed(0)
    embeddings = torch.nn.Parameter(torch.randn(9, 8))
    optimizer = torch.optim.SGD([embeddings], lr=0.5)
    loss = QuartetLoss()
    for step in range(200):
        optimizer.zero_grad()
        loss(embeddings, PIDS, torch.Generator().manual_seed(step)).backward()
        optimizer.step()
    x = torch.nn.functional.normalize(embeddings.detach())
    distances = torch.cdist(x, x)
    same = PIDS[:, None] == PIDS[None]
    assert distances[same].max() < distances[~same].min()


@pytest.mark.parametrize(
    "settings",
    [
        {"tau1": 0.3},
        {"tau1": math.nan},
        {"tau2": -0.1},
        {"mining": "semihard"},
        {"quartets_per_anchor": 0},
        {"mining": "hard", "quartets_per_anchor": 2},
    ],
)
def test_impossible_settings(settings):
    with pytest.raises(UserError, match="QuartetLoss"):
        QuartetLoss(**settings)


def test_weights_count_a_quartet_with_the_product_of_its_members():
    embeddings = torch.randn(9, 6, generator=torch.Generator().manual_seed(1))
    quartets = random_quartets(PIDS, torch.Generator().manual_seed(2))
    weights = torch.tensor([1.0, 0.5, 0.0, 1.0, 2.0, 1.0, 0.25, 1.0, 0.0])
    shares = [math.prod(weights[i].item() for i in q) for q in quartets.tolist()]
    singles = [quartet_loss(embeddings, PIDS, q[None]).item() for q in quartets]
    expected = sum(s * x for s, x in zip(shares, singles, strict=True)) / sum(shares)
    loss = quartet_loss(embeddings, PIDS, quartets, weights=weights)
    assert loss.item() == pytest.approx(expected, rel=1e-5)
    plain = quartet_loss(embeddings, PIDS, quartets)
    assert quartet_loss(embeddings, PIDS, quartets, weights=torch.ones(9)) == pytest.approx(plain)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("mining", ["random", "hard"])
def test_masked_quartets_are_those_picked_out(seed, mining):
    """Rows without a quartet and people of weight 0 are masked; a GPU need not be asked for them."""
    generator = torch.Generator().manual_seed(seed)
    embeddings = torch.randn(9, 6, generator=generator)
    pids = torch.randint(0, 5, (9,), generator=generator)
    counted = torch.arange(9) != seed
    weights = torch.rand(9, generator=generator) + 0.5
    seen = torch.Generator().manual_seed(7)
    if mining == "random":
        quartets, valid = random_choices(pids, seen, counted=counted)
        assert torch.equal(
            random_choices(pids, torch.Generator().manual_seed(7))[0][valid, 0], quartets[valid, 0]
        )
    else:
        x = torch.nn.functional.normalize(embeddings)
        rows = counted.nonzero().squeeze(1)
        picked = rows[hard_quartets(torch.cdist(x[rows], x[rows]), pids[rows])]
        quartets, valid = hard_choices(torch.cdist(x, x), pids, counted)
        assert torch.equal(quartets[valid], picked)
    assert counted[quartets[valid]].all()
    expected = quartet_loss(embeddings, pids, quartets[valid], weights=weights)
    loss = QuartetLoss(mining=mining)(
        embeddings, pids, torch.Generator().manual_seed(7), weights=weights * counted
    )
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)


def test_weights_of_zero_give_zero_with_gradient():
    embeddings = torch.randn(9, 6, requires_grad=True)
    loss = QuartetLoss()(embeddings, PIDS, weights=torch.zeros(9))
    loss.backward()
    assert loss.item() == 0
    assert embeddings.grad.abs().sum() == 0


def test_gradient_is_the_same_at_every_run():
    # Large enough for several threads to add to one image's gradient at once.
    embeddings = torch.randn(96, 512, generator=torch.Generator().manual_seed(0))
    pids = torch.arange(96) // 4
    quartets = random_quartets(pids, torch.Generator().manual_seed(0), 4)
    threads = torch.get_num_threads()
    torch.set_num_threads(4)
    try:
        gradients = []
        for _ in range(10):
            x = embeddings.clone().requires_grad_()
            quartet_loss(x, pids, quartets).backward()
            gradients.append(x.grad)
    finally:
        torch.set_num_threads(threads)
    assert all(torch.equal(g, gradients[0]) for g in gradients)
