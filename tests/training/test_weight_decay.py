import pytest
import torch
from torch import nn

from posegan_plugin.models import ReIDNetwork
from posegan_plugin.training import spare_from_decay


class Backbone(nn.Linear):
    feature_dim = 8

    def __init__(self):
        super().__init__(4, 8)


def network():
    torch.manual_seed(0)
    return ReIDNetwork(Backbone(), num_identities=3)


def train(network, optimizer, steps=200):
    """Identity loss alone, as before the quartet loss's ramp, where it counts nothing."""
    people, pids = torch.randn(6, 4), torch.tensor([0, 0, 1, 1, 2, 2])
    for _ in range(steps):
        output = network(people)
        loss = nn.functional.cross_entropy(output.logits, pids) + 0 * output.embedding.sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


@pytest.mark.parametrize("kind", [torch.optim.Adam, torch.optim.AdamW, torch.optim.SGD])
def test_an_embedding_that_nothing_trains_yet_stays(kind):
    model = network()
    before = model.embedding.weight.clone()
    optimizer = kind(model.parameters(), lr=6e-3, weight_decay=5e-4)
    spare_from_decay(optimizer, model)
    train(model, optimizer)
    assert torch.equal(model.embedding.weight, before)


def test_without_it_adam_takes_the_embedding_away():
    model = network()
    optimizer = torch.optim.Adam(model.parameters(), lr=6e-3, weight_decay=5e-4)
    train(model, optimizer)
    assert model.embedding.weight.abs().max() < 0.02


def test_groups_keep_their_options_and_all_other_parameters_their_decay():
    model = network()
    backbone, rest = list(model.backbone.parameters()), []
    for part in (model.embedding, model.classifier):
        rest.extend(part.parameters())
    groups = [{"params": backbone, "lr": 1e-4}, {"params": rest}]
    optimizer = torch.optim.Adam(groups, lr=1e-3, weight_decay=5e-4)
    spare_from_decay(optimizer, model)
    first, second, spared = optimizer.param_groups
    assert (first["params"], first["lr"], first["weight_decay"]) == (backbone, 1e-4, 5e-4)
    assert second["params"] == list(model.classifier.parameters())
    assert spared["params"] == list(model.embedding.parameters())
    assert (spared["lr"], spared["weight_decay"], second["weight_decay"]) == (1e-3, 0.0, 5e-4)


@pytest.mark.parametrize("as_method", [True, False])
def test_names_of_layers_and_of_parameters(as_method):
    """A method that returns names of parameters is timm's convention."""

    class Named(nn.Module):
        no_weight_decay = ("token", "head.0", "body.bias")

        def __init__(self):
            super().__init__()
            self.token = nn.Parameter(torch.zeros(1))
            self.token_2 = nn.Parameter(torch.zeros(1))
            self.body = nn.Linear(2, 2)
            self.head = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))

    model = Named()
    if as_method:
        model.no_weight_decay = lambda: set(Named.no_weight_decay)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, weight_decay=5e-4)
    spare_from_decay(optimizer, model)
    names = {p: n for n, p in model.named_parameters()}
    spared = [names[p] for p in optimizer.param_groups[1]["params"]]
    assert spared == ["token", "body.bias", "head.0.weight", "head.0.bias"]


def test_nothing_to_spare():
    """No weight decay, and a network that names no layer."""
    for model, decay in ((network(), 0.0), (nn.Linear(2, 2), 5e-4)):
        optimizer = torch.optim.Adam(model.parameters(), weight_decay=decay)
        spare_from_decay(optimizer, model)
        assert len(optimizer.param_groups) == 1
