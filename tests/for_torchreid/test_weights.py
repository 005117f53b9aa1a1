import pytest
import torch
from torch import nn

pytest.importorskip("torchreid")

from posegan_plugin.errors import UserError
from posegan_plugin.for_torchreid.weights import load_weights


class Network(nn.Module):
    """Named as torchreid's; of any two of them counters and biases fit."""

    def __init__(self, width=4, people=3, depth=1):
        super().__init__()
        blocks = [(nn.Linear(4, width), nn.BatchNorm1d(width)) for _ in range(depth)]
        self.layer = nn.Sequential(*(part for block in blocks for part in block))
        self.fc = nn.Linear(width, 2)
        self.classifier = nn.Linear(2, people)


@pytest.fixture
def saved(tmp_path):
    def save(network, without="?"):
        state = network.state_dict()
        state = {f"module.{k}": v for k, v in state.items() if not k.endswith(without)}
        path = tmp_path / "model.pth.tar-1"
        torch.save({"state_dict": state, "epoch": 1}, path)
        return str(path)

    return save


@pytest.mark.parametrize(
    ("other", "without", "fault"),
    [
        ({"width": 8}, "?", r"layer\.0\.weight is \(8, 4\) instead of \(4, 4\)"),
        ({"depth": 2}, "?", r"6 entries too many \(layer\.2\.weight"),
        ({}, "fc.bias", r"1 entries missing \(fc\.bias\)"),
    ],
)
def test_another_network_is_refused(saved, other, without, fault):
    model = Network()
    before = {k: v.clone() for k, v in model.state_dict().items()}
    path = saved(Network(**other), without)
    with pytest.raises(UserError, match=rf"model\.load_weights {path} .*model\.name.*{fault}"):
        load_weights(model, path)
    assert all(torch.equal(v, before[k]) for k, v in model.state_dict().items())


def test_the_classifier_of_other_people_is_left_out(saved, capsys):
    model, other = Network(), Network(people=5)
    own = model.classifier.weight.clone()
    load_weights(model, saved(other))
    assert torch.equal(model.layer[0].weight, other.layer[0].weight)
    assert torch.equal(model.classifier.weight, own)
    assert "without classifier.weight, classifier.bias\n" in capsys.readouterr().out


def test_a_teacher_knows_these_people(saved):
    path = saved(Network(people=5))
    message = rf"posegan\.teacher {path} .*these people.*classifier\.weight is \(5, 2\) instead of"
    with pytest.raises(UserError, match=message):
        load_weights(Network(), path, "posegan.teacher", same_people=True)


def test_old_files_have_no_counters(saved):
    model, other = Network(), Network()
    load_weights(model, saved(other, "num_batches_tracked"), same_people=True)
    assert torch.equal(model.classifier.weight, other.classifier.weight)
