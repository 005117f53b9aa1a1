import pytest
import torch

from posegan_plugin.errors import UserError
from posegan_plugin.evaluation.image_scores import ssim
from posegan_plugin.evaluation.trivial_answers import MeanImages, gaussian_blur, trivial_answers

SIZE = (16, 12)


@pytest.mark.parametrize("sigma", [0.7, 2.0, 4.0])
def test_blur_equals_scipy(random_images, sigma):
    ndimage = pytest.importorskip("scipy.ndimage")
    images = random_images(2, 20, 9)[0]
    expected = ndimage.gaussian_filter(
        images.double().numpy(), (0, 0, sigma, sigma), mode="nearest", truncate=3.0
    )
    assert torch.allclose(
        gaussian_blur(images, sigma).double(), torch.from_numpy(expected), atol=1e-5
    )


def test_trivial_answers_are_the_scores_of_these_pictures(random_images):
    conditions, targets = random_images(70)  # more than one chunk
    mean_image = targets.mean(dim=0)
    camids = torch.arange(70) % 2 * 3
    means = {0: targets[::2].mean(dim=0), 3: targets[1::2].mean(dim=0)}
    answers = trivial_answers(conditions, targets, camids, mean_image, means, (1.0, 3.0))
    blurs = [ssim(gaussian_blur(conditions, s), targets).mean().item() for s in (1.0, 3.0)]
    by_camera = torch.stack([means[camid] for camid in camids.tolist()])
    expected = {
        "copy": ssim(conditions, targets).mean().item(),
        "blurred_copy": max(blurs),
        "mean_image": ssim(mean_image.expand_as(targets), targets).mean().item(),
        "camera_mean": ssim(by_camera, targets).mean().item(),
    }
    assert list(answers) == list(expected)
    assert answers == pytest.approx(expected, abs=1e-6)
    assert abs(blurs[0] - blurs[1]) > 1e-3


def test_trivial_answers_without_means(random_images):
    conditions, targets = random_images(2)
    assert list(trivial_answers(conditions, targets)) == ["copy", "blurred_copy"]
    assert trivial_answers(targets, targets, blur_sigmas=()) == pytest.approx({"copy": 1.0})


@pytest.mark.parametrize("camids", [None, [0], [0, 5]])
def test_every_target_needs_a_camera_with_a_mean(random_images, camids):
    conditions, targets = random_images(2)
    camids = None if camids is None else torch.tensor(camids)
    with pytest.raises(UserError, match="camera"):
        trivial_answers(conditions, targets, camids, camera_means={0: targets[0], 1: targets[1]})


def test_mean_images_by_hand(make_people):
    greys = torch.tensor([0, 51, 255, 255], dtype=torch.uint8)
    images = greys[:, None, None, None].expand(-1, 3, *SIZE)
    means = MeanImages.of(make_people([0, 0, 1, 1], [0, 0, 0, 2], images=images), (32, 24))
    assert means.overall.shape == (3, 32, 24)
    assert means.overall.mean().item() == pytest.approx((-1 - 0.6 + 1 + 1) / 4, abs=1e-5)
    assert {c: round(m.mean().item(), 4) for c, m in means.by_camera.items()} == {0: -0.2, 2: 1}
    few = MeanImages.of(make_people([0, 0, 1, 1], [0, 0, 0, 2], images=images), SIZE, at_most=2)
    assert few.overall.mean().item() == pytest.approx(0, abs=1e-6)  # the first and the last
