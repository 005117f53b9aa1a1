import pytest
import torch
from torch.utils.data import default_collate

from posegan_plugin import UserError
from posegan_plugin.evaluation.mirror import mirrored
from posegan_plugin.evaluation.standard_poses import describe_in_poses


def test_validation(build, people):
    model = build().eval()
    data = default_collate([people[i] for i in range(5)])
    data["is_query"] = torch.tensor([True, True, False, False, False])
    with torch.no_grad():
        found = model.val_step(data)
        again = model.test_step({k: v[2:] for k, v in data.items()})
        image = data["image"][:1] / 127.5 - 1
        own = model.reid.describe(model.reid_input(image, augment=False))[0]
    assert [f["pid"] for f in found] == data["pid"].tolist()
    assert [f["camid"] for f in found] == data["camid"].tolist()
    assert [f["is_query"] for f in found] == [True, True, False, False, False]
    assert [f["index"] for f in found] == [0, 1, 2, 3, 4]
    assert found[0]["feature"].tolist() == pytest.approx(own.tolist(), rel=1e-4, abs=1e-5)
    for first, second in zip(found[2:], again, strict=True):
        assert first["feature"].tolist() == pytest.approx(second["feature"].tolist(), abs=1e-4)


class Wrapped(torch.nn.Module):
    """As several processes have it."""

    def __init__(self, module):
        super().__init__()
        self.module = module


@pytest.mark.parametrize("wrapped", [False, True])
def test_validation_in_standard_poses(build, people, wrapped):
    model = build(test_poses=2).eval()
    generator = model.generator
    if wrapped:
        model.generator = Wrapped(generator)
    model.use_standard_poses(people.keypoints)
    assert model.standard_poses.shape == (2, 18, 3)
    data = default_collate([people[i] for i in range(5)])
    data["is_query"] = torch.zeros(5, dtype=torch.bool)
    data["keypoints"][3] = 0
    images = data["image"] / 127.5 - 1
    with torch.no_grad():
        found = torch.stack([torch.from_numpy(f["feature"]) for f in model.val_step(data)])
        expected = describe_in_poses(
            model, generator, images, data["keypoints"], model.standard_poses
        )
        alone = torch.nn.functional.normalize(model(images))
    assert torch.allclose(found, expected, atol=1e-4)
    assert torch.allclose(found[3], alone[3], atol=1e-4)  # no joints
    assert (found - alone)[[0, 1, 2, 4]].abs().amax(dim=1).min() > 1e-3


@pytest.mark.parametrize("options", [{"test_poses": 2}, {"mode": "baseline"}])
def test_validation_with_mirror_images(build, people, options):
    model = build(test_mirror=True, **options).eval()
    if model.test_poses:
        model.use_standard_poses(people.keypoints)
    data = default_collate([people[i] for i in range(3)])
    data["is_query"] = torch.zeros(3, dtype=torch.bool)
    images, keypoints = data["image"] / 127.5 - 1, data["keypoints"]
    with torch.no_grad():
        found = torch.stack([torch.from_numpy(f["feature"]) for f in model.val_step(data)])
        expected = alone = mirrored(model)(images)
        if model.test_poses:
            poses = (images, keypoints, model.standard_poses)
            expected = describe_in_poses(mirrored(model), model.generator, *poses)
    assert torch.allclose(found, expected, atol=1e-4)
    assert torch.allclose(found, alone, atol=1e-3) != bool(model.test_poses)


@pytest.mark.parametrize(("options", "posed"), [({}, False), ({"augment.min_joints": 7}, True)])
def test_joints_that_a_person_needs_in_a_test(build, people, options, posed):
    """As many as in the training."""
    model = build(test_poses=2, **options).eval()
    model.use_standard_poses(people.keypoints)
    data = {**default_collate([people[0]]), "is_query": torch.zeros(1, dtype=torch.bool)}
    data["keypoints"][..., 2] = (torch.arange(18) < 7).float()
    with torch.no_grad():
        found = torch.from_numpy(model.val_step(data)[0]["feature"])
        alone = torch.nn.functional.normalize(model(data["image"] / 127.5 - 1))[0]
    assert torch.allclose(found, alone, atol=1e-4) != posed


def test_without_a_generator_there_are_no_standard_poses(build, people):
    assert build(mode="baseline", test_poses=2).test_poses == 0


@pytest.mark.parametrize("count", [-1, 1.5, "two"])
def test_number_of_standard_poses(build, count):
    with pytest.raises(UserError, match=f"model test_poses={count!r} is not a number of poses"):
        build(test_poses=count)
