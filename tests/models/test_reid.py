import pytest
import torch
from torch import nn

from posegan_plugin.errors import UserError
from posegan_plugin.models import ReIDNetwork


class MeanColour(nn.Module):
    """Features (mean of each channel, twice): six numbers."""

    feature_dim = 6

    def forward(self, images):
        return images.mean((2, 3)).repeat(1, 2)


def network(**options):
    torch.manual_seed(0)
    return ReIDNetwork(MeanColour(), 7, **options)


def images():
    return torch.randn(4, 3, 8, 4, generator=torch.Generator().manual_seed(0))


def test_classifier_is_the_papers():
    layers = list(network().classifier)
    kinds = [nn.Linear, nn.BatchNorm1d, nn.Dropout, nn.ReLU, nn.Linear]
    assert [type(layer) for layer in layers] == kinds
    assert (layers[0].in_features, layers[0].out_features) == (6, 128)
    assert layers[1].num_features == 128
    assert layers[2].p == 0.5
    assert (layers[4].in_features, layers[4].out_features) == (128, 7)


def test_classifier_without_a_middle_layer_is_linear_in_the_feature():
    reid = network(hidden_dim=None, dropout=0.2)
    dropout, linear = reid.classifier
    assert (dropout.p, linear.in_features, linear.out_features) == (0.2, 6, 7)
    expected = torch.nn.functional.linear(MeanColour()(images()), linear.weight, linear.bias)
    assert torch.allclose(reid.eval()(images()).logits, expected, atol=1e-6)


def test_shapes():
    output = network()(images())
    assert output.feature.shape == (4, 6)
    assert output.embedding.shape == (4, 128)
    assert output.logits.shape == (4, 7)
    assert torch.equal(output.feature, MeanColour()(images()))


def test_embedding_is_linear_in_the_feature():
    reid = network(embedding_dim=5)
    feature = MeanColour()(images())
    expected = feature @ reid.embedding.weight.t() + reid.embedding.bias
    assert torch.allclose(reid(images()).embedding, expected, atol=1e-6)


def test_without_an_embedding_layer_the_embedding_is_the_feature():
    reid = network(embedding_dim=None)
    output = reid(images())
    assert torch.equal(output.embedding, output.feature)
    assert {name.split(".")[0] for name, _ in reid.named_parameters()} == {"classifier"}


@pytest.mark.parametrize("name", ["embedding_dim", "hidden_dim"])
@pytest.mark.parametrize("size", [0, -3, 2.5, "x"])
def test_sizes_of_layers(name, size):
    with pytest.raises(UserError, match=rf"re-ID {name}={size!r} must be a whole number"):
        network(**{name: size})


@pytest.mark.parametrize("rate", [-0.1, 2, None])
def test_dropout_is_a_rate(rate):
    with pytest.raises(UserError, match=rf"re-ID dropout={rate!r} must be a number from 0 to 1"):
        network(dropout=rate)


def test_logits_come_from_the_feature_not_from_the_embedding():
    reid = network().eval()
    before = reid(images()).logits
    assert torch.equal(before, reid.classifier(MeanColour()(images())))
    nn.init.zeros_(reid.embedding.weight)
    assert torch.equal(reid(images()).logits, before)


def test_dropout_only_while_training():
    reid = network()
    torch.manual_seed(0)
    assert not torch.equal(reid(images()).logits, reid(images()).logits)
    reid.eval()
    assert torch.equal(reid(images()).logits, reid(images()).logits)


def test_descriptors():
    assert torch.equal(network().describe(images()), MeanColour()(images()))
    assert network(descriptor="feature").describe(images()).shape == (4, 6)
    reid = network(descriptor="embedding")
    assert torch.equal(reid.describe(images()), reid(images()).embedding)


def test_unknown_descriptor_lists_the_known_ones():
    with pytest.raises(UserError, match=r"descriptor='logits'.*feature, embedding"):
        network(descriptor="logits")
