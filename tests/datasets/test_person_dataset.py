import io
import multiprocessing
from multiprocessing.reduction import ForkingPickler
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import DataLoader

from posegan_plugin.datasets import Person, PersonDataset, read_image
from posegan_plugin.errors import UserError

HEIGHT, WIDTH = 12, 8


def picture(seed=0, height=HEIGHT, width=WIDTH):
    """Smooth enough that JPEG keeps it."""
    small = np.random.default_rng(seed).integers(0, 256, (3, 2, 3), dtype=np.uint8)
    return Image.fromarray(small).resize((width, height), Image.Resampling.BILINEAR)


def rgb(image):
    return torch.from_numpy(np.array(image.convert("RGB"))).permute(2, 0, 1)


@pytest.fixture
def people(tmp_path):
    result = []
    for n in range(4):
        path = tmp_path / f"{n}.png"
        picture(n).save(path)
        result.append(Person(str(path), pid=n // 2, camid=n % 2))
    return result


def points(value=1.0):
    found = np.zeros((18, 3), dtype=np.float32)
    found[2] = (3, 5, value)
    found[7] = (7, 11, value)
    return found


def test_item(people):
    dataset = PersonDataset(people, {"1.png": points(0.5)}, (HEIGHT, WIDTH))
    assert len(dataset) == 4
    item = dataset[1]
    assert sorted(item) == ["camid", "image", "index", "keypoints", "pid"]
    assert (item["pid"], item["camid"], item["index"]) == (0, 1, 1)
    assert item["image"].dtype == torch.uint8
    assert torch.equal(item["image"], rgb(picture(1)))
    assert item["keypoints"].dtype == torch.float32
    assert np.array_equal(item["keypoints"].numpy(), points(0.5))


def test_resize_scales_the_key_points_with_the_image(people):
    dataset = PersonDataset(people, {"0.png": points()}, (36, 16))
    item = dataset[0]
    assert item["image"].shape == (3, 36, 16)
    # x' = (x + 1/2) * 2 - 1/2, y' = (y + 1/2) * 3 - 1/2
    assert item["keypoints"][2].tolist() == [6.5, 16.0, 1.0]
    assert item["keypoints"][7].tolist() == [14.5, 34.0, 1.0]


def test_a_bright_pixel_stays_under_its_joint(tmp_path):
    array = np.zeros((HEIGHT, WIDTH, 3), dtype=np.uint8)
    array[5, 3] = 255
    Image.fromarray(array).save(tmp_path / "a.png")
    dataset = PersonDataset(
        [Person(str(tmp_path / "a.png"), 0, 0)], {"a.png": points()}, (5 * HEIGHT, 3 * WIDTH)
    )
    image, (x, y, _) = dataset[0]["image"][0].float(), dataset[0]["keypoints"][2].tolist()
    rows, columns = image.sum(dim=1), image.sum(dim=0)
    assert (rows * torch.arange(len(rows))).sum() / rows.sum() == pytest.approx(y, abs=0.05)
    assert (columns * torch.arange(len(columns))).sum() / columns.sum() == pytest.approx(
        x, abs=0.05
    )


def test_images_of_different_stored_sizes(tmp_path):
    people, keypoints = [], {}
    for n, (height, width) in enumerate(((12, 8), (24, 32))):
        picture(n, height, width).save(tmp_path / f"{n}.png")
        people.append(Person(str(tmp_path / f"{n}.png"), n, 0))
        keypoints[f"{n}.png"] = points()
    dataset = PersonDataset(people, keypoints, (12, 8))
    assert dataset[0]["image"].shape == dataset[1]["image"].shape == (3, 12, 8)
    assert dataset[0]["keypoints"][2, :2].tolist() == [3, 5]
    assert dataset[1]["keypoints"][2, :2].tolist() == [3.5 / 4 - 0.5, 5.5 / 2 - 0.5]


def test_without_key_points_all_joints_are_missing(people):
    dataset = PersonDataset(people, {"1.png": points()}, (36, 16))
    assert not dataset[0]["keypoints"].any()
    assert dataset.joint_counts.tolist() == [0, 2, 0, 0]


def test_coverage(people):
    full = points()
    full[:, 2] = 1
    dataset = PersonDataset(people, {"1.png": points(), "3.png": full}, (HEIGHT, WIDTH))
    line = dataset.coverage(3)
    assert line == "1 of 4 people have at least 3 joints, 2 have none"


def test_no_key_points_at_all(people, tmp_path):
    with pytest.raises(UserError) as error:
        PersonDataset(people, {"other.png": points()}, (HEIGHT, WIDTH))
    message = str(error.value)
    assert message.startswith(f"none of the 4 images in {tmp_path} has key points")
    assert "keypoints" in message.split("check")[1]
    dataset = PersonDataset(people, {}, (HEIGHT, WIDTH), require_keypoints=False)
    assert dataset.joint_counts.tolist() == [0] * 4


def test_arrays_for_samplers(people):
    dataset = PersonDataset(people, {}, require_keypoints=False)
    assert dataset.pids.tolist() == [0, 0, 1, 1]
    assert dataset.camids.tolist() == [0, 1, 0, 1]
    assert dataset.pids.dtype == dataset.camids.dtype == np.int64


@pytest.mark.parametrize("cache", [True, "memory", "device"])
def test_cache_gives_the_same_bytes_and_reads_once(people, cache):
    plain = PersonDataset(people, {}, (36, 16), require_keypoints=False)
    expected = [plain[n]["image"] for n in range(4)]
    cached = PersonDataset(people, {}, (36, 16), cache, require_keypoints=False)
    picture(9).save(people[0].path)
    assert not torch.equal(plain[0]["image"], expected[0])
    for _ in range(2):
        assert all(torch.equal(cached[n]["image"].cpu(), expected[n]) for n in range(4))
    assert (cached.cached_bytes, plain.cached_bytes) == (4 * 3 * 36 * 16, 0)


def test_what_is_done_to_an_image_does_not_reach_the_cache(people):
    dataset = PersonDataset(people, {}, cache="memory", require_keypoints=False)
    before = dataset[2]["image"].clone()
    dataset[2]["image"].zero_()
    assert torch.equal(dataset[2]["image"], before)
    # Handed to another process it is this image and not all of them.
    assert dataset[2]["image"].untyped_storage().nbytes() == before.nbytes


def batches(dataset, **options):
    generator = torch.Generator().manual_seed(3)
    return list(DataLoader(dataset, 3, shuffle=True, generator=generator, **options))


@pytest.mark.parametrize(("method", "workers"), [(None, 0), ("fork", 2), ("spawn", 1)])
@pytest.mark.filterwarnings("ignore:This DataLoader will create")
def test_batches_are_the_same_whoever_makes_them(people, method, workers):
    if method not in (None, *multiprocessing.get_all_start_methods()):
        pytest.skip("this system cannot start processes so")
    keypoints = {"1.png": points(), "2.png": points(0.5)}
    expected = batches(PersonDataset(people, keypoints, (36, 16)))
    cached = PersonDataset(people, keypoints, (36, 16), cache="memory")
    for person in people:
        Path(person.path).unlink()
    found = batches(cached, num_workers=workers, multiprocessing_context=method)
    assert len(found) == len(expected) == 2
    for one, other in zip(found, expected, strict=True):
        assert one.keys() == other.keys()
        assert all(torch.equal(one[key], other[key]) for key in one)


def test_processes_share_the_cache(people):
    """Sent to a process that does not inherit it, it goes as a handle."""
    dataset = PersonDataset(people, {}, (256, 128), cache="memory", require_keypoints=False)
    assert len(ForkingPickler.dumps(dataset)) < dataset.cached_bytes / 10


@pytest.mark.parametrize("cache", [None, "ram", "", 2, [], "cuda"])
def test_unknown_cache(people, cache):
    with pytest.raises(UserError, match=r"cache=.* is unknown; choose False, 'memory' or 'device'"):
        PersonDataset(people, {}, cache=cache, require_keypoints=False)


def truncated(kind):
    buffer = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (48, 32, 3), dtype=np.uint8)
    Image.fromarray(noise).save(buffer, kind)
    return buffer.getvalue()[: len(buffer.getvalue()) * 7 // 10]


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_truncated_file_is_named(tmp_path, kind):
    path = tmp_path / "0001_c1.img"
    path.write_bytes(truncated(kind))
    dataset = PersonDataset([Person(str(path), 0, 0)], {}, (48, 32), require_keypoints=False)
    with pytest.raises(UserError, match=r"0001_c1\.img cannot be decoded"):
        dataset[0]
    with pytest.raises(UserError, match=r"0001_c1\.img cannot be decoded"):
        PersonDataset(dataset.people, {}, (48, 32), cache=True, require_keypoints=False)


@pytest.mark.parametrize("content", [b"", b"no image", None])
def test_unreadable_file_is_named(tmp_path, content):
    path = tmp_path / "0001_c1.jpg"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=r"0001_c1\.jpg cannot be read as an image"):
        PersonDataset([Person(str(path), 0, 0)], {}, (48, 32), require_keypoints=False)
    with pytest.raises(UserError, match=r"0001_c1\.jpg cannot be (decoded|read)"):
        read_image(path, (48, 32))


def test_no_people():
    assert len(PersonDataset([], {})) == 0
    assert PersonDataset([], {}, cache="memory").cached_bytes == 0
