import socket
import urllib.request

import pytest
import torch
from torch import nn

pytest.importorskip("torchreid")

from posegan_plugin.errors import UserError
from posegan_plugin.for_torchreid.backbone import TorchreidBackbone
from posegan_plugin.for_torchreid.resolver import torchreid_module

SIZE = (64, 32)


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    def refuse(*arguments, **options):
        raise AssertionError(f"the network was asked for: {arguments}")

    for where, name in (
        (urllib.request, "urlopen"),
        (urllib.request, "urlretrieve"),
        (torch.hub, "load_state_dict_from_url"),
        (torch.hub, "download_url_to_file"),
        (socket.socket, "connect"),
    ):
        monkeypatch.setattr(where, name, refuse)


def images(count=2):
    return torch.randn(count, 3, *SIZE, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(
    ("name", "feature_dim"),
    [
        ("osnet_x0_25", 512),
        ("osnet_ain_x0_25", 512),
        ("resnet18", 512),
        ("mobilenetv2_x1_0", 1280),
        ("shufflenet_v2_x0_5", 1024),
    ],
)
def test_features_in_both_modes(name, feature_dim):
    torch.manual_seed(0)
    backbone = TorchreidBackbone(name, image_size=SIZE)
    assert backbone.feature_dim == feature_dim
    assert backbone.train()(images()).shape == (2, feature_dim)
    with torch.no_grad():
        assert backbone.eval()(images()).shape == (2, feature_dim)


def test_features_are_those_before_the_classifier():
    torch.manual_seed(0)
    backbone = TorchreidBackbone("resnet18", image_size=SIZE).eval()
    model = backbone.model
    with torch.no_grad():
        expected = model.global_avgpool(model.featuremaps(images())).flatten(1)
        assert torch.equal(backbone(images()), expected)
        # Training and evaluation give the same thing, batch norm apart.
        model.training = True
        assert torch.equal(backbone(images()), expected)


def test_nothing_that_is_not_trained_is_left():
    torch.manual_seed(0)
    backbone = TorchreidBackbone("osnet_x0_25", image_size=SIZE).train()
    backbone(images()).square().sum().backward()
    assert [n for n, p in backbone.named_parameters() if p.grad is None] == []


def test_finding_the_feature_size_leaves_no_trace():
    torch.manual_seed(0)
    backbone = TorchreidBackbone("osnet_x0_25", image_size=SIZE)
    after = torch.rand(3)
    for name, value in backbone.named_buffers():
        assert value.abs().sum() == (0 if "var" not in name else value.numel())
    assert all(m.training for m in backbone.modules())
    torch.manual_seed(0)
    again = torchreid_module("models").build_model(
        "osnet_x0_25", 1, loss="triplet", pretrained=False, use_gpu=False
    )
    assert torch.equal(after, torch.rand(3))
    assert torch.equal(again.conv1.conv.weight, backbone.model.conv1.conv.weight)


def test_unknown_name_lists_the_known_ones():
    with pytest.raises(UserError) as error:
        TorchreidBackbone("osnet_x2_0")
    message = str(error.value)
    assert message.startswith("backbone name='osnet_x2_0' is not a torchreid model")
    listed = message.split("choose one of: ")[1].split(", ")
    assert listed == sorted(listed)
    assert {"osnet_x0_25", "osnet_x1_0", "resnet50"} <= set(listed)


def register(monkeypatch, forward):
    class Model(nn.Module):
        def __init__(self, num_classes, loss, pretrained, use_gpu):
            super().__init__()
            self.convolution = nn.Conv2d(3, 4, 3)

    Model.forward = forward
    factory = vars(torchreid_module("models"))["__model_factory"]
    monkeypatch.setitem(factory, "mine", Model)


@pytest.mark.parametrize(
    "forward",
    [
        lambda self, x: self.convolution(x),
        lambda self, x: (x.mean((2, 3)), [x, x]),
        lambda self, x: x.mean((2, 3)) if self.training else x.mean(3).flatten(1),
    ],
    ids=["map", "parts", "other length while training"],
)
def test_model_without_one_feature_vector_an_image(monkeypatch, forward):
    register(monkeypatch, forward)
    with pytest.raises(UserError, match=r"'mine' does not give one feature vector.*osnet_x1_0"):
        TorchreidBackbone("mine", image_size=SIZE)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_torchreids_own_models_with_parts():
    with pytest.raises(UserError, match="'hacnn' does not give one feature vector"):
        TorchreidBackbone("hacnn", image_size=(160, 64))


def test_registered_model(monkeypatch):
    register(monkeypatch, lambda self, x: (None, self.convolution(x).mean((2, 3))))
    assert TorchreidBackbone("mine", image_size=SIZE).feature_dim == 4


def test_weights_that_cannot_be_downloaded(monkeypatch):
    def offline(*arguments, **options):
        raise OSError("no route to host")

    monkeypatch.setattr(torchreid_module("models"), "build_model", offline)
    with pytest.raises(UserError) as error:
        TorchreidBackbone("resnet18", pretrained=True, image_size=SIZE)
    message = str(error.value)
    assert "'resnet18'" in message
    assert "no route to host" in message
    assert "pretrained=False" in message
