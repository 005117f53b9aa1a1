import pytest
from mmengine.optim import AmpOptimWrapper, OptimWrapper, OptimWrapperDict
from torch import nn

from posegan_plugin import UserError
from posegan_plugin.for_mmengine import Bf16OptimWrapper, MultiOptimWrapperConstructor


def test_one_wrapper_for_each_trained_network(build_two, entry):
    model = build_two()
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


def test_layers_that_ask_for_it_have_no_weight_decay(build_two):
    model = build_two()
    model.first.no_weight_decay = ("inner",)
    model.first.inner = nn.Linear(2, 2)
    optimizer = {"type": "Adam", "lr": 0.1, "weight_decay": 5e-4}
    configs = {"first": {"optimizer": optimizer}, "second": {"optimizer": optimizer}}
    wrappers = MultiOptimWrapperConstructor(configs)(model)
    first, second = (wrappers[n].optimizer.param_groups for n in ("first", "second"))
    assert [group["weight_decay"] for group in first] == [5e-4, 0.0]
    assert [group["weight_decay"] for group in second] == [5e-4]
    assert first[1]["params"] == list(model.first.inner.parameters())


def test_untrained_networks_have_none(build_two, entry):
    model = build_two()
    model.trained_networks = ["second"]
    wrappers = MultiOptimWrapperConstructor({"first": entry(0.1), "second": entry(0.2)})(model)
    assert list(wrappers.keys()) == ["second"]


def test_wrapped_model(build_two, entry):
    outer = nn.Module()
    outer.module = build_two()
    configs = {"first": entry(0.1), "second": entry(0.2)}
    assert len(MultiOptimWrapperConstructor(configs)(outer)) == 2


def test_missing_entry(build_two, entry):
    with pytest.raises(UserError, match="no entry 'second'"):
        MultiOptimWrapperConstructor({"first": entry(0.1)})(build_two())


def test_entry_of_no_network(build_two, entry):
    configs = {"first": entry(0.1), "second": entry(0.1), "secnod": {"accumulative_counts": 2}}
    with pytest.raises(UserError, match=r"entry 'secnod'.*it trains first, second"):
        MultiOptimWrapperConstructor(configs)(build_two())


@pytest.mark.parametrize("kind", ["AmpOptimWrapper", AmpOptimWrapper])
def test_mmengines_own_mixed_precision(kind, build_two, entry):
    with pytest.raises(UserError, match=r"optim_wrapper\.second\.type='AmpOptimWrapper'.*--amp"):
        MultiOptimWrapperConstructor({"first": entry(0.1), "second": entry(0.1, type=kind)})(
            build_two()
        )


def test_options_for_single_parameters():
    with pytest.raises(UserError, match=r"optim_wrapper\.paramwise_cfg"):
        MultiOptimWrapperConstructor({}, {"bias_lr_mult": 2.0})


def test_type_and_options_of_a_wrapper(build_two, entry):
    configs = {
        "first": entry(0.1, type="posegan_plugin.Bf16OptimWrapper"),
        "second": entry(0.1, clip_grad={"max_norm": 1.0}),
    }
    wrappers = MultiOptimWrapperConstructor(configs)(build_two())
    assert isinstance(wrappers["first"], Bf16OptimWrapper)
    assert type(wrappers["second"]) is OptimWrapper
    assert wrappers["second"].clip_grad_kwargs == {"max_norm": 1.0}


def test_gradients_of_several_networks_are_not_accumulated_in_float16(build_two, entry):
    """The scale could change between them."""
    options = {"type": "posegan_plugin.Fp16OptimWrapper", "accumulative_counts": 2}
    construct = MultiOptimWrapperConstructor(
        {n: entry(0.1, **options) for n in ("first", "second")}
    )
    model = build_two()
    with pytest.raises(UserError, match=r"accumulative_counts.*--amp-dtype float16"):
        construct(model)
    model.trained_networks = ["first"]
    assert len(construct(model)) == 1


def test_networks_that_share_a_loss_share_their_steps(build_two, entry):
    model = build_two()
    model.reid, model.generator = model.first, model.second
    model.trained_networks = ["reid", "generator"]
    configs = {"reid": entry(0.1, accumulative_counts=4), "generator": entry(0.1)}
    with pytest.raises(UserError, match="accumulative_counts is 1 and 4 for generator and reid"):
        MultiOptimWrapperConstructor(configs)(model)
    configs["generator"]["accumulative_counts"] = 4
    assert len(MultiOptimWrapperConstructor(configs)(model)) == 2
