import copy
import functools
import math

import pytest
import torch
from mmengine.optim import OptimWrapper

from posegan_plugin.for_mmengine import (
    Bf16OptimWrapper,
    Fp16OptimWrapper,
    MultiOptimWrapperConstructor,
)
from posegan_plugin.for_mmengine.optim import update_together
from posegan_plugin.training import NonFiniteError

SGD = {"type": "SGD", "lr": 0.1}


@pytest.mark.parametrize(
    ("wrapper", "dtype"),
    [
        (OptimWrapper, torch.float32),
        (Bf16OptimWrapper, torch.bfloat16),
        (functools.partial(Fp16OptimWrapper, init_scale=8.0), torch.float16),
    ],
)
def test_precision(wrapper, dtype, build_two):
    model = build_two()
    wrapper = wrapper(optimizer=torch.optim.SGD(model.parameters(), 0.1))
    with wrapper.optim_context(model):
        output = model.first(torch.ones(1, 2))
    assert output.dtype == dtype
    assert model.first(torch.ones(1, 2)).dtype == torch.float32
    before = model.first.weight.clone()
    update_together(output.float().sum(), {"both": wrapper})
    assert model.first.weight.dtype == torch.float32
    assert not torch.equal(model.first.weight, before)


def test_one_loss_steps_all_optimisers(build_two, entry):
    torch.manual_seed(0)
    model = build_two()
    wrappers = MultiOptimWrapperConstructor({"first": entry(0.1), "second": entry(0.2)})(model)
    before = {k: v.detach().clone() for k, v in model.named_parameters()}
    loss = model.second(model.first(torch.ones(3, 2))).square().sum()
    gradients = dict(
        zip(before, torch.autograd.grad(loss, model.parameters(), retain_graph=True), strict=True)
    )
    update_together(loss, dict(wrappers.items()))
    for name, parameter in model.named_parameters():
        lr = 0.1 if name.startswith("first") else 0.2
        assert torch.allclose(parameter, before[name] - lr * gradients[name])
        assert parameter.grad is None or parameter.grad.count_nonzero() == 0


def test_steps_after_several_calls(build_two, entry):
    """Gradients of as many calls as ``accumulative_counts`` says are averaged."""
    torch.manual_seed(0)
    model = build_two()
    configs = {n: entry(0.1, accumulative_counts=2) for n in ("first", "second")}
    wrappers = dict(MultiOptimWrapperConstructor(configs)(model).items())
    before = {k: v.detach().clone() for k, v in model.named_parameters()}
    inputs = torch.randn(2, 3, 2)

    def loss(x):
        return model.second(model.first(x)).square().sum()

    mean = torch.autograd.grad((loss(inputs[0]) + loss(inputs[1])) / 2, model.parameters())
    update_together(loss(inputs[0]), wrappers)
    assert all(torch.equal(p, before[k]) for k, p in model.named_parameters())
    update_together(loss(inputs[1]), wrappers)
    for (name, parameter), gradient in zip(model.named_parameters(), mean, strict=True):
        assert torch.allclose(parameter, before[name] - 0.1 * gradient, atol=1e-6)


def test_nothing_that_is_not_finite_is_stepped(build_two, entry):
    model = build_two()
    wrappers = dict(
        MultiOptimWrapperConstructor({"first": entry(0.1), "second": entry(0.1)})(model).items()
    )
    before = {k: v.detach().clone() for k, v in model.named_parameters()}

    def total():
        return model.second(model.first(torch.ones(1, 2))).sum()

    with pytest.raises(NonFiniteError, match="loss_R is nan"):
        update_together(total() * math.nan, wrappers, {"loss_R": torch.tensor(math.nan)})
    model.zero_grad()
    model.second.weight.register_hook(lambda gradient: gradient / 0)
    with pytest.raises(NonFiniteError, match="the gradient of the second"):
        update_together(total(), wrappers)
    assert all(torch.equal(p, before[k]) for k, p in model.named_parameters())


class TestFloat16:
    """Gradients are scaled, and an overflow is the scaler's business."""

    @pytest.fixture
    def model(self, build_two):
        torch.manual_seed(0)
        return build_two()

    @staticmethod
    def wrappers(model, **options):
        options |= {"type": "posegan_plugin.Fp16OptimWrapper", "optimizer": SGD}
        configs = {"first": options, "second": options}
        return MultiOptimWrapperConstructor(configs)(model)

    @staticmethod
    def loss(model, wrappers):
        with wrappers["first"].optim_context(model):
            return model.second(model.first(torch.ones(3, 2))).float().square().sum()

    def test_one_scaler_for_all(self, model):
        wrappers = self.wrappers(model)
        assert wrappers["first"].scaler is wrappers["second"].scaler
        assert wrappers["first"].scaler.get_scale() == 2.0**16

    @pytest.mark.parametrize("clip", [None, {"max_norm": 0.5}])
    def test_the_scale_leaves_the_step_as_it_is(self, model, clip, entry):
        other = copy.deepcopy(model)
        options = {} if clip is None else {"clip_grad": clip}
        configs = {n: entry(0.1, **copy.deepcopy(options)) for n in ("first", "second")}
        plain = MultiOptimWrapperConstructor(configs)(other)
        scaled = self.wrappers(model, init_scale=64.0, **options)
        update_together(self.loss(model, scaled), dict(scaled.items()))
        update_together(self.loss(other, plain), dict(plain.items()))
        for first, second in zip(model.parameters(), other.parameters(), strict=True):
            assert torch.allclose(first, second, atol=5e-3)
            assert not torch.equal(first, torch.zeros_like(first))

    def test_an_overflow_changes_no_weight_and_lowers_the_scale(self, model):
        wrappers = self.wrappers(model, init_scale=2.0**40)
        before = copy.deepcopy(model.state_dict())
        for halvings in (1, 2):
            update_together(self.loss(model, wrappers), dict(wrappers.items()))
            assert all(torch.equal(v, before[k]) for k, v in model.state_dict().items())
            assert wrappers["second"].scaler.get_scale() == 2.0 ** (40 - halvings)
        wrappers["first"].scaler.update(1024.0)
        update_together(self.loss(model, wrappers), dict(wrappers.items()))
        assert not any(torch.equal(v, before[k]) for k, v in model.state_dict().items())
        assert wrappers["first"].scaler.get_scale() == 1024.0

    def test_the_scale_grows_once_a_step_of_both(self, model):
        wrappers = self.wrappers(model, init_scale=2.0, growth_interval=3)
        scales = []
        for _ in range(6):
            update_together(self.loss(model, wrappers), dict(wrappers.items()))
            scales.append(wrappers["first"].scaler.get_scale())
        assert scales == [2, 2, 4, 4, 4, 8]

    def test_gradients_that_overflow_at_any_scale(self, model):
        model.first.weight.register_hook(lambda gradient: gradient / 0)
        wrappers = self.wrappers(model, init_scale=2.0**-9)
        update_together(self.loss(model, wrappers), dict(wrappers.items()))
        with pytest.raises(NonFiniteError, match="first or second at any loss scale"):
            update_together(self.loss(model, wrappers), dict(wrappers.items()))

    def test_the_scale_is_part_of_the_state(self, model, build_two, entry):
        wrappers = self.wrappers(model, init_scale=2.0**40)
        update_together(self.loss(model, wrappers), dict(wrappers.items()))
        state = wrappers.state_dict()
        other = self.wrappers(build_two())
        other.load_state_dict(copy.deepcopy(state))
        assert other["first"].scaler.get_scale() == other["second"].scaler.get_scale() == 2.0**39
        plain = MultiOptimWrapperConstructor({"first": entry(0.1), "second": entry(0.1)})(
            build_two()
        )
        other.load_state_dict(plain.state_dict())  # resumed from full precision, and the other way
        plain.load_state_dict(state)
