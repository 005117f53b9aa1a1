import pytest
import torch

from posegan_plugin.for_mmengine import ReIDDataPreprocessor


@pytest.fixture
def data():
    generator = torch.Generator().manual_seed(0)
    keypoints = torch.rand(4, 18, 3, generator=generator) * 10
    keypoints[..., 2] = 1
    return {
        "image": torch.randint(0, 256, (4, 3, 32, 16), generator=generator, dtype=torch.uint8),
        "keypoints": keypoints,
        "pid": torch.tensor([0, 0, 1, 1]),
        "camid": torch.tensor([0, 1, 0, 2]),
        "index": torch.tensor([7, 3, 9, 1]),
        "is_query": torch.zeros(4, dtype=torch.bool),
    }


def test_a_batch_of_real_people(data):
    batch = ReIDDataPreprocessor(flip=1.0)(data)
    assert torch.allclose(batch.images, data["image"] / 127.5 - 1)
    assert batch.images.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(batch.keypoints, data["keypoints"])
    assert batch.pids.tolist() == [0, 0, 1, 1]
    assert batch.camids.tolist() == [0, 1, 0, 2]
    assert batch.indices.tolist() == [7, 3, 9, 1]
    assert not batch.synthesised.any()


@pytest.mark.parametrize("flip", [0.0, 1.0])
def test_training_batches_are_mirrored(data, flip):
    plain = ReIDDataPreprocessor()(data)
    batch = ReIDDataPreprocessor(flip)(data, training=True)
    mirrored = torch.equal(batch.images, plain.images.flip(-1))
    assert mirrored == (flip == 1.0)
    assert batch.images.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(batch.keypoints, plain.keypoints) == (flip == 0.0)


def test_some_are_mirrored(data):
    torch.manual_seed(0)
    preprocessor = ReIDDataPreprocessor(0.5)
    plain = preprocessor(data).images
    count = sum(
        int((preprocessor(data, training=True).images != plain).flatten(1).any(1).sum())
        for _ in range(50)
    )
    assert 70 < count < 130


def test_augmentation_in_training_only(data):
    calls = []
    preprocessor = ReIDDataPreprocessor()
    preprocessor.augment = lambda *arguments: calls.append(arguments) or "mixed"
    assert preprocessor(data, progress=0.3) != "mixed"
    assert not calls
    encoder = object()
    assert preprocessor(data, training=True, progress=0.3, encoder=encoder) == "mixed"
    assert len(calls) == 1
    assert calls[0][1:] == (0.3, encoder)
    assert len(calls[0][0]) == 4
