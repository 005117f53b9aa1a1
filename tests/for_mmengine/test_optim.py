import pytest
import torch
from mmengine.optim import OptimWrapper, OptimWrapperDict
from torch import nn

from posegan_plugin import UserError
from posegan_plugin.for_mmengine import Bf16OptimWrapper, MultiOptimWrapperConstructor
from posegan_plugin.for_mmengine.optim import update_together


class Two(nn.Module):
    trained_networks = ("first", "second")

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(2, 2)
        self.second = nn.Linear(2, 1)


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
    ("wrapper", "dtype"), [(OptimWrapper, torch.float32), (Bf16OptimWrapper, torch.bfloat16)]
)
def test_precision(wrapper, dtype):
    model = Two()
    wrapper = wrapper(optimizer=torch.optim.SGD(model.parameters(), 0.1))
    with wrapper.optim_context(model):
        output = model.first(torch.ones(1, 2))
    assert output.dtype == dtype
    assert model.first(torch.ones(1, 2)).dtype == torch.float32
    before = model.first.weight.clone()
    wrapper.update_params(output.sum())
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
