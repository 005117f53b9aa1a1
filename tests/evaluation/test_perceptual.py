import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision
from torch.nn import functional as F

from posegan_plugin.errors import UserError
from posegan_plugin.evaluation.perceptual import FID, LPIPS, frechet_distance

SIZE = (64, 32)


@pytest.fixture(autouse=True)
def _no_network(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("a download")

    for name in ("torch.hub.load_state_dict_from_url", "torch.hub.download_url_to_file"):
        monkeypatch.setattr(name, refuse)


@pytest.fixture(scope="module")
def backbone():
    torch.manual_seed(0)
    features = torchvision.models.alexnet(weights=None).features.eval()
    for parameter in features.parameters():  # larger than torchvision's, so that layers differ
        parameter.data.mul_(2)
    return features


@pytest.fixture(scope="module")
def alexnet(backbone, tmp_path_factory):
    """A file like torchvision's, with classifier but small."""
    path = tmp_path_factory.mktemp("weights") / "alexnet.pth"
    state = {f"features.{name}": value for name, value in backbone.state_dict().items()}
    torch.save({**state, "classifier.1.weight": torch.zeros(2, 2)}, path)
    return path


@pytest.fixture
def samples(make_people, make_samples):
    people = make_people([0, 0, 0, 1, 1], [0, 1, 2, 0, 1], size=SIZE)
    torch.manual_seed(1)
    generated = torch.rand(3, 3, *SIZE) * 2 - 1
    generated[1] = people.images[2] / 127.5 - 1
    return make_samples(people, [0, 1, 3], [1, 2, 4], generated)


def naive_lpips(backbone, a, b):
    """Zhang et al.: normalised features, squared difference, learned weights, mean over places."""
    from torchmetrics.functional.image import lpips

    path = Path(lpips.__file__).parent / "lpips_models" / "alex.pth"
    linear = torch.load(path, map_location="cpu")
    shift = torch.tensor([-0.030, -0.088, -0.188])[:, None, None]
    scale = torch.tensor([0.458, 0.448, 0.450])[:, None, None]
    a, b, total, part = (a - shift) / scale, (b - shift) / scale, 0, 0
    for layer in backbone[:12]:  # without the last pooling
        a, b = layer(a), layer(b)
        if isinstance(layer, torch.nn.ReLU):
            difference = (F.normalize(a, dim=1) - F.normalize(b, dim=1)).square()
            weights = linear[f"lin{part}.model.1.weight"]
            total = total + F.conv2d(difference, weights).mean(dim=(1, 2, 3))
            part += 1
    assert part == 5
    return total


@torch.no_grad()
def test_lpips_with_the_weights_of_a_file(samples, alexnet, backbone):
    score = LPIPS(alexnet, image_size=SIZE)
    values = score(samples)["LPIPS"]
    expected = naive_lpips(backbone, samples.generated, samples.targets)
    assert values.tolist() == pytest.approx(expected.tolist(), rel=1e-4, abs=1e-6)
    assert values[1] < 1e-6 < values[0]  # equal images
    assert "alexnet.pth" in score.protocols["LPIPS"]


def test_lpips_clips_what_leaves_the_range(samples, alexnet):
    score = LPIPS(alexnet)
    values = score(samples)["LPIPS"]
    white = samples.generated > 0.5
    samples.generated[white] = 1.5
    clipped = score(samples)["LPIPS"]
    samples.generated[white] = 1.0
    assert clipped.tolist() == score(samples)["LPIPS"].tolist() != values.tolist()


def test_lpips_refuses_what_it_cannot_use(alexnet, tmp_path):
    with pytest.raises(UserError, match=r"net='squeeze'.*choose 'alex' or 'vgg'"):
        LPIPS(alexnet, net="squeeze")
    with pytest.raises(UserError, match=r"at least 31x31.*makes 30x64"):
        LPIPS(alexnet, image_size=(30, 64))
    with pytest.raises(
        UserError, match=r"alexnet\.pth are not .* torchvision's vgg16, which net='vgg'"
    ):
        LPIPS(alexnet, net="vgg")
    with pytest.raises(UserError, match=r"nowhere\.pth does not exist"):
        LPIPS(tmp_path / "nowhere.pth")


def test_smallest_sizes_of_lpips(alexnet, make_people, make_samples):
    people = make_people([0, 0], [0, 1], size=(31, 31))
    samples = make_samples(people, [0], [1], torch.zeros(1, 3, 31, 31))
    assert LPIPS(alexnet, image_size=(31, 31))(samples)["LPIPS"].isfinite()
    people = make_people([0, 0], [0, 1], size=(30, 31))
    with pytest.raises(RuntimeError, match="too small"):
        LPIPS(alexnet)(make_samples(people, [0], [1], torch.zeros(1, 3, 30, 31)))


@pytest.mark.parametrize("missing", ["torchmetrics.functional.image.lpips", "torch_fidelity"])
def test_extra_that_is_not_installed(monkeypatch, alexnet, missing):
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(UserError, match=r"posegan_plugin\[scores\]"):
        (FID if missing == "torch_fidelity" else LPIPS)(alexnet)


def test_frechet_distance_by_hand():
    # Independent features of deviation 1 and 2: |mean difference|^2 + D (1 - 2)^2.
    generated = torch.tensor([[-1.0, -1], [-1, 1], [1, -1], [1, 1]])
    distance = frechet_distance(generated, 2 * generated + torch.tensor([3.0, 0.0]))
    deviation = 4 / 3  # of four values +-1, with n - 1
    assert distance == pytest.approx(9 + 2 * deviation * (1 - 2) ** 2, rel=1e-5)
    assert frechet_distance(generated, generated) == pytest.approx(0, abs=1e-5)


def test_frechet_distance_equals_scipys_matrix_root():
    linalg = pytest.importorskip("scipy.linalg")
    torch.manual_seed(0)
    a = torch.randn(40, 5) @ torch.randn(5, 5)
    b = torch.randn(30, 5) @ torch.randn(5, 5) + 0.5
    cov = [np.cov(x.double().numpy(), rowvar=False) for x in (a, b)]
    root = linalg.sqrtm(cov[0] @ cov[1]).real
    difference = (a.double().mean(0) - b.double().mean(0)).square().sum().item()
    expected = difference + np.trace(cov[0] + cov[1] - 2 * root)
    assert frechet_distance(a, b) == pytest.approx(expected, rel=1e-4)


@pytest.fixture(scope="module")
def inception(tmp_path_factory):
    """Random weights in a file of torch-fidelity's layout."""
    extractor = pytest.importorskip("torch_fidelity.feature_extractor_inceptionv3")

    class Untrained(extractor.FeatureExtractorInceptionV3):
        def load_state_dict(self, state):
            assert state == "nothing"

    torch.manual_seed(0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(extractor, "load_state_dict_from_url", lambda *args, **kwargs: "nothing")
        network = Untrained("inception-v3-compat", ["2048"])
    path = tmp_path_factory.mktemp("weights") / "inception.pth"
    torch.save(network.state_dict(), path)
    return path, network


def test_fid_of_the_networks_features(samples, inception, monkeypatch):
    path, network = inception
    seen = []

    def remember(*features):
        seen.extend(features)
        return 12.5

    monkeypatch.setattr("posegan_plugin.evaluation.perceptual.frechet_distance", remember)
    score = FID(path)
    with pytest.warns(UserWarning, match=r"over 3 pairs is biased.*at least 2048"):
        assert score(samples) == {"FID": 12.5}
    assert "inception.pth" in score.protocols["FID"]
    for found, images in zip(seen, (samples.generated, samples.targets), strict=True):
        pixels = ((images + 1) * 127.5).round().byte()
        expected = network(pixels)[0]  # torch-fidelity's own resizing
        assert found.shape == (3, 2048)
        assert torch.allclose(found, expected, rtol=1e-3, atol=1e-4)


def test_fid_refuses_other_files(alexnet, tmp_path):
    pytest.importorskip("torch_fidelity")
    with pytest.raises(UserError, match=r"alexnet\.pth are not those of the Inception network"):
        FID(alexnet)
    torch.save({"code": print}, tmp_path / "code.pth")
    with pytest.raises(UserError, match="holds code"):
        FID(tmp_path / "code.pth")
    with pytest.raises(UserError, match="does not exist"):
        FID(tmp_path / "nowhere.pth")
