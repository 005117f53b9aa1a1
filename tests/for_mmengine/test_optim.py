import copy
import functools
import math

import pytest
import torch
from mmengine.optim import AmpOptimWrapper, OptimWrapper, OptimWrapperDict
from torch import nn

from posegan_plugin import UserError
from posegan_plugin.for_mmengine import (
    Bf16OptimWrapper,
    Fp16OptimWrapper,
    MultiOptimWrapperConstructor,
)
from posegan_plugin.for_mmengine.optim import update_together
from posegan_plugin.training import NonFiniteError


class Two(nn.Module):
    trained_networks = ("first", "second")

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(2, 2)
        self.second = nn.Linear(2, 1)
        self.third = None  # in this mode


def entry(lr, **options):
    return {"optimizer": {"type": "SGD", "lr": lr}, **options}


def test_one_wrapper_for_each_trained_network():
    model = Two()
    configs = {"first": entry(0.1), "second": entry(0.2), "third": entry(0.3)}
    wrappers = MultiOptimWrapperConstructor(configs)(model)
    assert isinstance(wrappers, OptimWrapperDict)
    assert list(wrappers.keys()) == ["first", "second"]
    for name, lr in (("first", 0.1), ("second", 0.2)):
        group = wrappers[name].param_groups[0]
        assert group["lr"] == lr
        assert [id(p) for p in group["params"]] == [
            id(p) for p in getattr(model, name).parameters()
        ]
    assert configs["first"] == entry(0.1)  # the config is not changed


def test_layers_that_ask_for_it_have_no_weight_decay():
    model = Two()
    model.first.no_weight_decay = ("inner",)
    model.first.inner = nn.Linear(2, 2)
    optimizer = {"type": "Adam", "lr": 0.1, "weight_decay": 5e-4}
    configs = {"first": {"optimizer": optimizer}, "second": {"optimizer": optimizer}}
    wrappers = MultiOptimWrapperConstructor(configs)(model)
    first, second = (wrappers[n].optimizer.param_groups for n in ("first", "second"))
    assert [group["weight_decay"] for group in first] == [5e-4, 0.0]
    assert [group["weight_decay"] for group in second] == [5e-4]
    assert first[1]["params"] == list(model.first.inner.parameters())


def test_untrained_networks_have_none():
    model = Two()
    model.trained_networks = ["second"]
    wrappers = MultiOptimWrapperConstructor({"first": entry(0.1), "second": entry(0.2)})(model)
    assert list(wrappers.keys()) == ["second"]


def test_wrapped_model():
    outer = nn.Module()
    outer.module = Two()
    configs = {"first": entry(0.1), "second": entry(0.2)}
    assert len(MultiOptimWrapperConstructor(configs)(outer)) == 2


def test_missing_entry():
    with pytest.raises(UserError, match="no entry 'second'"):
        MultiOptimWrapperConstructor({"first": entry(0.1)})(Two())


def test_entry_of_no_network():
    configs = {"first": entry(0.1), "second": entry(0.1), "secnod": {"accumulative_counts": 2}}
    with pytest.raises(UserError, match=r"entry 'secnod'.*it trains first, second"):
        MultiOptimWrapperConstructor(configs)(Two())


@pytest.mark.parametrize("kind", ["AmpOptimWrapper", AmpOptimWrapper])
def test_mmengines_own_mixed_precision(kind):
    with pytest.raises(UserError, match=r"optim_wrapper\.second\.type='AmpOptimWrapper'.*--amp"):
        MultiOptimWrapperConstructor({"first": entry(0.1), "second": entry(0.1, type=kind)})(Two())


def test_options_for_single_parameters():
    with pytest.raises(UserError, match=r"optim_wrapper\.paramwise_cfg"):
        MultiOptimWrapperConstructor({}, {"bias_lr_mult": 2.0})


def test_type_and_options_of_a_wrapper():
    configs = {
        "first": entry(0.1, type="posegan_plugin.Bf16OptimWrapper"),
        "second": entry(0.1, clip_grad={"max_norm": 1.0}),
    }
    wrappers = MultiOptimWrapperConstructor(configs)(Two())
    assert isinstance(wrappers["first"], Bf16OptimWrapper)
    assert type(wrappers["second"]) is OptimWrapper
    assert wrappers["second"].clip_grad_kwargs == {"max_norm": 1.0}


@pytest.mark.parametrize(
    ("wrapper", "dtype"),
    [
        (OptimWrapper, torch.float32),
        (Bf16OptimWrapper, torch.bfloat16),
        (functools.partial(Fp16OptimWrapper, init_scale=8.0), torch.float16),
    ],
)
def test_precision(wrapper, dtype):
    model = Two()
    wrapper = wrapper(optimizer=torch.optim.SGD(model.parameters(), 0.1))
    with wrapper.optim_context(model):
        output = model.first(torch.ones(1, 2))
    assert output.dtype == dtype
    assert model.first(torch.ones(1, 2)).dtype == torch.float32
    before = model.first.weight.clone()
    update_together(output.float().sum(), {"both": wrapper})
    assert model.first.weight.dtype == torch.float32
    assert not torch.equal(model.first.weight, before)


def test_one_loss_steps_all_optimisers():
    torch.manual_seed(0)
    model = Two()
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


def test_steps_after_several_calls():
    """Gradients of as many calls as ``accumulative_counts`` says are averaged."""
    torch.manual_seed(0)
    model = Two()
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


def test_nothing_that_is_not_finite_is_stepped():
    model = Two()
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
    def model(self):
        torch.manual_seed(0)
        return Two()

    @staticmethod
    def wrappers(model, **options):
        configs = {
            n: entry(0.1, type="posegan_plugin.Fp16OptimWrapper", **options)
            for n in ("first", "second")
        }
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
    def test_the_scale_leaves_the_step_as_it_is(self, model, clip):
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

    def test_gradients_of_several_networks_are_not_accumulated(self, model):
        """The scale could change between them."""
        with pytest.raises(UserError, match=r"accumulative_counts.*--amp-dtype float16"):
            self.wrappers(model, accumulative_counts=2)
        model.trained_networks = ["first"]
        assert len(self.wrappers(model, accumulative_counts=2)) == 1

    def test_the_scale_is_part_of_the_state(self, model):
        wrappers = self.wrappers(model, init_scale=2.0**40)
        update_together(self.loss(model, wrappers), dict(wrappers.items()))
        state = wrappers.state_dict()
        other = self.wrappers(Two())
        other.load_state_dict(copy.deepcopy(state))
        assert other["first"].scaler.get_scale() == other["second"].scaler.get_scale() == 2.0**39
        plain = MultiOptimWrapperConstructor({"first": entry(0.1), "second": entry(0.1)})(Two())
        other.load_state_dict(plain.state_dict())  # resumed from full precision, and the other way
        plain.load_state_dict(state)
