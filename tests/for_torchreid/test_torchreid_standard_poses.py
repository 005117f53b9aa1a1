import pytest
import torch

pytest.importorskip("torchreid")

from torch.nn import functional as F

from posegan_plugin.errors import UserError
from posegan_plugin.evaluation.mirror import mirrored
from posegan_plugin.for_torchreid.engine_base import SafeEngine
from posegan_plugin.for_torchreid.resolver import torchreid_module
from posegan_plugin.for_torchreid.standard_poses import StandardPoses


class Painter(torch.nn.Module):
    """Draws the target's pose over its own camera's grey."""

    image_size, num_cameras = (64, 32), 3

    def forward(self, image, condition_pose, target_pose, camera):
        return torch.zeros_like(image) + camera[:, None, None, None] / 10 + image[:, :, :1, :1] / 2


def grey(images):
    """Mean colours in [-1, 1] of images as torchreid has them."""
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    return (images.mean(dim=(2, 3)) * std + mean - 0.5) * 2


@pytest.fixture
def files(market_keypoints):
    return [market_keypoints, market_keypoints.with_name("market-annotation-test.csv")]


@pytest.fixture
def query_batch(market_manager):
    return next(iter(market_manager().test_loader["market1501"]["query"]))


def test_descriptors_of_a_test_batch(market_manager, files, query_batch):
    poses = StandardPoses(market_manager(), Painter(), files, 2)
    assert poses.poses.shape == (2, 18, 3)
    found = poses.describe(grey, query_batch["img"], query_batch["impath"])
    colours = grey(query_batch["img"])
    first = query_batch["img"][:, :, :1, :1]
    drawn = grey(first) / 2 + torch.tensor([0.0, 0.1])[:, None, None]  # by cameras 0 and 1
    expected = F.normalize(2 * F.normalize(colours) + F.normalize(drawn, dim=2).mean(dim=0))
    assert torch.allclose(found, expected, atol=1e-4)


def test_key_points_belong_to_the_image(market_manager, files, query_batch, monkeypatch):
    seen = []

    def remember(describe, generator, images, keypoints, poses):
        seen.append(keypoints)
        return describe(images)

    monkeypatch.setattr("posegan_plugin.for_torchreid.standard_poses.describe_in_poses", remember)
    poses = StandardPoses(market_manager(height=128, width=64), Painter(), files, 1)
    paths = query_batch["impath"][:3]
    poses.describe(grey, query_batch["img"][:3], paths)
    poses.describe(grey, query_batch["img"][:3], paths[::-1])
    assert torch.equal(seen[0], seen[1].flip(0))
    assert seen[0][..., :2].max() > 64  # scaled with the images


def test_the_generator_goes_where_the_images_are(market_manager, files, query_batch, monkeypatch):
    painter, moved = Painter(), []
    monkeypatch.setattr(painter, "to", lambda device: moved.append(device) or painter)
    poses = StandardPoses(market_manager(), painter, files, 1)
    poses.describe(grey, query_batch["img"][:2], query_batch["impath"][:2])
    assert moved == [torch.device("cpu")]


def test_test_images_without_key_points(market_manager, market_keypoints):
    with pytest.raises(UserError, match=r"none of the \d+ test images has key points"):
        StandardPoses(market_manager(), Painter(), [market_keypoints], 1)


def test_too_many_poses(market_manager, files):
    with pytest.raises(UserError, match="999 standard poses were asked for"):
        StandardPoses(market_manager(), Painter(), files, 999)


def test_an_engine_tests_with_them(market_manager, files, small_model, tmp_path):
    class Engine(SafeEngine, torchreid_module("engine").ImageSoftmaxEngine):
        def _evaluate(self, query_loader=None, **_):
            data = next(iter(query_loader))
            images, _, _ = self.parse_data_for_eval(data)
            self.found = self.extract_features(images)
            return 0.5, 0.5

    manager = market_manager()
    optimizer = torch.optim.Adam(small_model.parameters())
    engine = Engine(manager, small_model, optimizer, use_gpu=False)
    engine.test()
    alone = F.normalize(engine.found)
    engine.standard_poses = StandardPoses(manager, Painter(), files, 1)
    engine.test()
    images = next(iter(manager.test_loader["market1501"]["query"]))
    expected = engine.standard_poses.describe(
        small_model.eval(), images["img"], images["impath"]
    ).detach()
    assert torch.allclose(engine.found, expected, atol=1e-5)
    assert not torch.allclose(engine.found, alone, atol=1e-3)
    engine.test_mirror = True
    engine.test()
    both = engine.standard_poses.describe(
        mirrored(small_model.eval()), images["img"], images["impath"]
    )
    assert torch.allclose(engine.found, both, atol=1e-5)
    engine.standard_poses = None
    engine.test()
    assert torch.allclose(engine.found, mirrored(small_model.eval())(images["img"]), atol=1e-5)
