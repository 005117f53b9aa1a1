import pytest
import torch
from torch import nn

from posegan_plugin.errors import UserError
from posegan_plugin.models import AppearanceDiscriminator, PatchDiscriminator, PoseDiscriminator

CASES = [(AppearanceDiscriminator, 3), (PoseDiscriminator, 18)]


def rand(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(("kind", "given"), CASES)
@pytest.mark.parametrize("num_layers", [1, 2, 3])
def test_one_logit_a_patch(kind, given, num_layers):
    torch.manual_seed(0)
    network = kind(channels=8, num_layers=num_layers)
    logits = network(rand(2, given, 32, 16), rand(2, 3, 32, 16, seed=1))
    assert logits.shape == (2, 1, 32 >> num_layers, 16 >> num_layers)
    assert isinstance(network.layers[-1], nn.Conv2d)  # no sigmoid: that is part of the loss


@pytest.mark.parametrize(("kind", "given"), CASES)
def test_each_image_is_judged_by_itself(kind, given):
    torch.manual_seed(0)
    network = kind(channels=8)
    maps, images = rand(3, given, 32, 16), rand(3, 3, 32, 16, seed=1)
    together = network(maps, images)
    for n in range(3):
        alone = network(maps[n : n + 1], images[n : n + 1])
        assert torch.allclose(together[n : n + 1], alone, atol=1e-5)


def test_spectral_norm():
    """The largest singular value of every layer is 1, whatever the weights become."""
    torch.manual_seed(0)
    network = AppearanceDiscriminator(8, num_layers=2, norm="spectral")
    layers = [m for m in network.modules() if isinstance(m, nn.Conv2d)]
    with torch.no_grad():
        for layer in layers:
            layer.parametrizations.weight.original.mul_(30)
        for _ in range(30):  # a step of the power iteration each
            network(rand(1, 3, 32, 16), rand(1, 3, 32, 16, seed=1))
    sizes = [torch.linalg.matrix_norm(layer.weight.flatten(1), 2).item() for layer in layers]
    assert sizes == pytest.approx([1.0] * 3, abs=0.02)
    assert not [m for m in network.modules() if isinstance(m, nn.InstanceNorm2d)]


def test_unknown_norm():
    with pytest.raises(UserError, match=r"norm='group' is unknown.*none, spectral"):
        AppearanceDiscriminator(8, norm="group")


@pytest.mark.parametrize("options", [{"num_layers": 0}, {"channels": 0}, {"num_layers": 2.0}])
def test_sizes(options):
    ((name, value),) = options.items()
    with pytest.raises(UserError, match=f"discriminator {name}={value!r} must be a whole number"):
        PatchDiscriminator(6, **options)


@pytest.mark.parametrize("num_layers", [3, 4])
def test_as_many_layers_as_an_image_has_halves(num_layers):
    """Of 16x8 values four layers leave one, which an instance norm cannot compare with anything."""
    judge = PatchDiscriminator(6, channels=2, num_layers=num_layers)
    images = torch.rand(2, 3, 16, 8)
    if num_layers == 3:
        assert judge(images, images).shape == (2, 1, 2, 1)
    else:
        with pytest.raises(UserError, match="num_layers=4 leaves one value of an image of 16x8"):
            judge(images, images)


def test_batch_norm_would_mix_them():
    torch.manual_seed(0)
    network = AppearanceDiscriminator(8, norm="batch")
    given, images = rand(3, 3, 32, 16), rand(3, 3, 32, 16, seed=1)
    assert not torch.allclose(network(given, images)[:1], network(given[:1], images[:1]), atol=1e-3)


@pytest.mark.parametrize(("kind", "given"), CASES)
def test_both_inputs_count(kind, given):
    torch.manual_seed(0)
    network = kind(channels=8)
    maps, images = rand(1, given, 32, 16), rand(1, 3, 32, 16, seed=1)
    base = network(maps, images)
    assert not torch.allclose(base, network(rand(1, given, 32, 16, seed=2), images))
    assert not torch.allclose(base, network(maps, rand(1, 3, 32, 16, seed=2)))


def test_both_are_of_the_same_shape():
    def stack(network):
        return [(type(m), getattr(m, "out_channels", None)) for m in network.modules()][1:]

    assert stack(AppearanceDiscriminator(8)) == stack(PoseDiscriminator(8))
    assert AppearanceDiscriminator(8).layers[0][0].in_channels == 6
    assert PoseDiscriminator(8).layers[0][0].in_channels == 21


def test_width_doubles_at_most_eightfold_and_first_layer_has_no_norm():
    network = PatchDiscriminator(6, channels=4, num_layers=6)
    convs = [m for m in network.modules() if isinstance(m, nn.Conv2d)]
    assert [c.out_channels for c in convs] == [4, 8, 16, 32, 32, 32, 1]
    norms = [any(isinstance(m, nn.InstanceNorm2d) for m in block) for block in network.layers[:-1]]
    assert norms == [False] + [True] * 5
