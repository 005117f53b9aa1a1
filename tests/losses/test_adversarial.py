import math

import pytest
import torch

from posegan_plugin.errors import UserError
from posegan_plugin.losses import (
    AdversarialLoss,
    WeightRamp,
    discriminator_loss,
    generator_loss,
)

KINDS = ["bce", "lsgan", "hinge"]
TOLERANCE = {
    torch.float16: 1e-6,
    torch.bfloat16: 1e-6,
    torch.float32: 1e-6,
    torch.float64: 1e-12,
}


def sigmoid(x):
    return 1 / (1 + math.exp(-x))


# Per element, written as the equations are; the package must agree without ever taking a sigmoid.
REAL_TERM = {
    "bce": lambda x: -math.log(sigmoid(x)),
    "lsgan": lambda x: (x - 1) ** 2,
    "hinge": lambda x: max(1 - x, 0),
}
FAKE_TERM = {
    "bce": lambda x: -math.log(1 - sigmoid(x)),
    "lsgan": lambda x: x**2,
    "hinge": lambda x: max(1 + x, 0),
}
GENERATOR_TERM = {**REAL_TERM, "hinge": lambda x: -x}


def naive_mean(term, logits):
    values = logits.double().flatten().tolist()
    return sum(term(x) for x in values) / len(values)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", TOLERANCE)
def test_equals_naive_loop(kind, dtype):
    generator = torch.Generator().manual_seed(0)
    real = (2 * torch.randn(3, 1, 4, 2, generator=generator)).to(dtype)
    fake = (2 * torch.randn(5, 1, 4, 2, generator=generator)).to(dtype)
    expected = naive_mean(REAL_TERM[kind], real) + naive_mean(FAKE_TERM[kind], fake)
    loss = AdversarialLoss(kind)
    assert loss.discriminator(real, fake).item() == pytest.approx(expected, rel=TOLERANCE[dtype])
    expected = naive_mean(GENERATOR_TERM[kind], fake)
    assert loss.generator(fake).item() == pytest.approx(expected, rel=TOLERANCE[dtype])
    assert loss.generator(fake).dtype == (
        torch.float64 if dtype == torch.float64 else torch.float32
    )


@pytest.mark.parametrize(
    ("kind", "discriminator", "generator"),
    [("bce", 2 * math.log(2), math.log(2)), ("lsgan", 1.0, 1.0), ("hinge", 2.0, 0.0)],
)
def test_undecided_discriminator(kind, discriminator, generator):
    zeros = torch.zeros(4, 1)
    assert discriminator_loss(zeros, zeros, kind).item() == pytest.approx(discriminator)
    assert generator_loss(zeros, kind).item() == pytest.approx(generator)


def test_default_is_the_paper():
    logits = torch.tensor([1.0, -2.0])
    assert AdversarialLoss().generator(logits) == generator_loss(logits, "bce")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", [torch.float16, torch.float32])
def test_confident_logits_stay_finite(kind, dtype):
    logits = torch.tensor([-200.0, 200.0], dtype=dtype, requires_grad=True)
    loss = discriminator_loss(logits, logits, kind) + generator_loss(logits, kind)
    loss.backward()
    assert loss.isfinite()
    assert logits.grad.isfinite().all()


@pytest.mark.parametrize("kind", KINDS)
def test_gradient_directions(kind):
    real = torch.zeros(3, requires_grad=True)
    fake = torch.full((3,), 0.5, requires_grad=True)
    discriminator_loss(real, fake, kind).backward()
    assert (real.grad < 0).all()
    assert (fake.grad > 0).all()
    fake.grad = None
    generator_loss(fake, kind).backward()
    assert (fake.grad < 0).all()


def test_generator_learns_while_it_is_losing():
    logits = torch.tensor([-20.0], requires_grad=True)
    generator_loss(logits, "bce").backward()
    assert logits.grad.item() == pytest.approx(-1)


@pytest.mark.parametrize(
    "make", [AdversarialLoss, lambda kind: generator_loss(torch.ones(1), kind)]
)
def test_unknown_kind(make):
    with pytest.raises(UserError, match="wgan"):
        make("wgan")


@pytest.mark.parametrize(
    ("start", "end", "progress", "factor"),
    [
        (0.0, 0.0, 0.0, 1.0),
        (0.0, 0.0, 1.0, 1.0),
        (0.2, 0.6, 0.0, 0.0),
        (0.2, 0.6, 0.2, 0.0),
        (0.2, 0.6, 0.3, 0.25),
        (0.2, 0.6, 0.6, 1.0),
        (0.2, 0.6, 0.9, 1.0),
        (0.0, 0.5, 0.25, 0.5),
        (0.5, 0.5, 0.49, 0.0),
        (0.5, 0.5, 0.5, 1.0),
        (1.0, 1.0, 0.99, 0.0),
    ],
)
def test_ramp(start, end, progress, factor):
    assert WeightRamp(start, end)(progress) == pytest.approx(factor)


def test_ramp_default_is_the_paper():
    assert WeightRamp()(0.0) == 1


@pytest.mark.parametrize(("start", "end"), [(0.5, 0.4), (-0.1, 0.5), (0.0, 10.0), (math.nan, 1.0)])
def test_impossible_ramp(start, end):
    with pytest.raises(UserError, match="WeightRamp"):
        WeightRamp(start, end)
