"""Names, images and duplicates: each fault is named, alone."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from posegan_plugin.datasets.checks import check_people, take_inventory

TRAIN, QUERY, GALLERY = "bounding_box_train", "query", "bounding_box_test"


def images(root, folder=TRAIN):
    return sorted((root / folder).glob("*.jpg"))


def noise(path, height, width):
    path = Path(path)
    pixels = np.random.default_rng(list(path.name.encode())).integers(
        0, 256, (height, width, 3), np.uint8
    )
    Image.fromarray(pixels).save(path)


def test_clean_people_have_no_fault(clean):
    assert check_people(clean) == []


def test_all_wrong_names_are_listed(root, inventory_of, faults):
    first, second, third, *_ = images(root)
    first.rename(first.with_name("person.jpg"))
    second.rename(second.with_name("IMG_0001.jpg"))
    third.rename(third.with_name("0001_c0s1_000001_00.jpg"))
    found = check_people(inventory_of(root))
    wrong = [f for f in found if f.check == "wrong file names"]
    assert [(f.severity, f.count) for f in wrong] == [("error", 1), ("error", 2)]
    assert wrong[0].examples == (str(root / TRAIN / "0001_c0s1_000001_00.jpg"),)
    assert "cameras are numbered from 1, not 0" in wrong[0].advice
    assert [e.rsplit("/", 1)[1] for e in wrong[1].examples] == ["IMG_0001.jpg", "person.jpg"]
    assert "PID_cCAMERA" in wrong[1].advice
    # Their key points are left over.
    assert faults(inventory_of(root))["key points without image"] == ("warning", 3)


def test_at_most_five_examples(root, inventory_of):
    for number, path in enumerate(images(root)[:7]):
        path.rename(path.with_name(f"{number}.jpg"))
    (wrong,) = (f for f in check_people(inventory_of(root)) if f.check == "wrong file names")
    assert (wrong.count, len(wrong.examples)) == (7, 5)


def test_what_torchreid_refuses(root, inventory_of, faults):
    noise(root / GALLERY / "1502_c1s1_000001_00.jpg", 64, 32)
    noise(root / GALLERY / "0500_c7s1_000001_00.jpg", 64, 32)
    noise(root / GALLERY / "0501_c1s1_000001_00.png", 64, 32)
    expected = {"images without key points": ("warning", 3)}
    assert faults(inventory_of(root)) == expected
    assert faults(inventory_of(root, name="market1501")) == {
        "refused by torchreid": ("error", 2),
        "passed over by torchreid": ("warning", 1),
        **expected,
    }


@pytest.mark.parametrize("damage", ["empty", "cut", "text", "gone"])
def test_unreadable_images(root, inventory_of, faults, damage):
    path = images(root)[3]
    data = path.read_bytes()
    if damage == "gone":
        path.unlink()
        path.symlink_to(root / "nowhere.jpg")
    else:
        path.write_bytes({"empty": b"", "cut": data[: len(data) // 2], "text": b"no image"}[damage])
    assert faults(inventory_of(root)) == {"unreadable images": ("error", 1)}
    assert check_people(inventory_of(root))[0].examples == (str(path),)


def test_two_damaged_images_are_no_duplicates(root, inventory_of, faults):
    for path in images(root)[:2]:
        path.write_bytes(b"")
    assert faults(inventory_of(root)) == {"unreadable images": ("error", 2)}


@pytest.mark.parametrize(
    ("size", "check"),
    [
        ((30, 16), "tiny images"),
        ((60, 64), "landscape images"),
        ((180, 40), "odd shapes"),
        ((150, 40), None),  # 3.75 times as high as wide; the others 2 times
    ],
)
def test_sizes(listed, faults, size, check, tmp_path):
    people = listed([(0, 0), (0, 1), (1, 0), (1, 1)])
    path = people.on_disk.splits.train[0].path
    noise(path, *size)
    people = take_inventory(people.on_disk, [], needs_keypoints=False, progress=False)
    assert faults(people) == ({check: ("warning", 1)} if check else {})


def test_landscape_scenes_among_landscape_images_are_normal(listed, faults):
    people = listed([(0, 0), (0, 1)])
    for person in people.on_disk.splits.train:
        Image.open(person.path).rotate(90, expand=True).save(person.path)
    people = take_inventory(people.on_disk, [], needs_keypoints=False, progress=False)
    assert {i.size for i in people.images.values()} == {(32, 64)}
    assert faults(people) == {}


class TestDuplicates:
    train = ((0, 0), (0, 1), (1, 0), (1, 1))
    query = ((5, 0),)
    gallery = ((5, 1), (5, 2))

    def test_none(self, listed, faults):
        assert faults(listed(self.train, self.query, self.gallery)) == {}

    def test_test_images_in_training(self, listed, faults):
        train = (*self.train, (0, 0, "same"))
        people = listed(train, self.query, (*self.gallery, (5, 1, "same")))
        assert faults(people) == {"test images in training": ("error", 1)}
        (finding,) = check_people(people)
        assert "train4.png = " in finding.examples[0]
        assert finding.examples[0].endswith("gallery2.png")

    @pytest.mark.parametrize("other", [(1, 0), (0, 1)])
    def test_contradiction(self, listed, faults, other):
        train = (*self.train, (0, 0, "same"), (*other, "same"))
        people = listed(train, self.query, self.gallery)
        assert faults(people) == {"contradicting duplicates": ("error", 1)}

    def test_harmless(self, listed, faults):
        train = (*self.train, *[(0, 0, "same")] * 3)
        gallery = (*self.gallery, (5, 0, "more"))
        people = listed(train, (*self.query, (5, 0, "more")), gallery)
        assert faults(people) == {"duplicates": ("warning", 2)}

    def test_one_file_listed_twice(self, clean, faults):
        splits = clean.on_disk.splits
        twice = replace(splits, train=[*splits.train, splits.train[0]])
        people = replace(clean, on_disk=replace(clean.on_disk, splits=twice))
        assert faults(people) == {"duplicates": ("warning", 1)}


def test_the_users_files_are_not_touched(root, inventory_of):
    before = {p: (p.stat().st_mtime_ns, p.stat().st_size) for p in root.rglob("*")}
    check_people(inventory_of(root))
    assert {p: (p.stat().st_mtime_ns, p.stat().st_size) for p in root.rglob("*")} == before
