import math

import pytest
import torch
from torch import nn

from posegan_plugin.checkpoint import load_network, read_checkpoint
from posegan_plugin.training import NonFiniteError, check_gradients, check_losses, stop_training

BAD = [math.nan, math.inf, -math.inf]


def scalars(**values):
    return {k: torch.tensor(v) for k, v in values.items()}


@pytest.mark.parametrize("bad", BAD)
def test_terms_at_fault_are_named(bad):
    terms = scalars(loss_id=1.0, loss_R=bad, loss_S=math.inf, embedding_spread=math.nan)
    with pytest.raises(NonFiniteError) as error:
        check_losses(sum(terms.values()), terms)
    assert str(error.value) == f"loss_R is {bad} and loss_S is inf"


def test_a_sum_that_overflows():
    terms = scalars(loss_id=3e38, loss_R=3e38)
    with pytest.raises(NonFiniteError, match="the sum of all losses is inf"):
        check_losses(sum(terms.values()), terms)


def test_statistics_may_be_nan():
    check_losses(torch.tensor(2.0), scalars(loss_id=2.0, embedding_spread=math.nan))


@pytest.mark.parametrize("bad", BAD)
def test_gradients(bad):
    first, second, third = nn.Linear(2, 2), nn.Linear(2, 2), nn.Linear(2, 2)
    for p in (*first.parameters(), *second.parameters()):
        p.grad = torch.ones_like(p)
    networks = {"first": first, "second": second, "without any": third}
    check_gradients({n: m.parameters() for n, m in networks.items()})
    second.bias.grad[1] = bad
    with pytest.raises(NonFiniteError, match=r"^the gradient of the second is (nan|inf)$"):
        check_gradients({n: m.parameters() for n, m in networks.items()})


@pytest.mark.parametrize(("count", "end"), [(3, "1.jpg, 2.jpg, 3.jpg;"), (11, "8.jpg and 3 more;")])
def test_debug_checkpoint(tmp_path, count, end):
    network, other = nn.Linear(2, 2), nn.Linear(2, 2)
    state = {"state_dict": {f"reid.{k}": v for k, v in network.state_dict().items()}}
    files = [f"{i}.jpg" for i in range(1, count + 1)]
    fault = NonFiniteError({"loss_id": math.nan})
    error = stop_training(fault, tmp_path, 3, 17, files, state)
    path = tmp_path / "debug_epoch_3_batch_17.pth"
    assert str(error).startswith("loss_id is nan in epoch 3, batch 17, which changed no weight;")
    assert end in str(error)
    assert str(error).endswith(f"are in {path}")
    found = read_checkpoint(path)["fault"]
    assert found["files"] == files
    assert (found["epoch"], found["batch"]) == (3, 17)
    assert math.isnan(found["terms"]["loss_id"])
    load_network(other, path, "reid")
    assert torch.equal(other.weight, network.weight)
