import re

import pytest

from posegan_plugin.errors import UserError
from posegan_plugin.pose import COCO17_JOINTS, JOINTS
from posegan_plugin.pose.formats import read_coco_json

COCO = [0, (5, 6), 6, 8, 10, 5, 7, 9, 12, 14, 16, 11, 13, 15, 2, 1, 4, 3]
PERSON = {"id": 1, "name": "person", "keypoints": list(COCO17_JOINTS)}
IMAGES = [
    {"id": 7, "file_name": "cam1/a.jpg", "height": 128, "width": 64},
    {"id": 9, "file_name": "b.jpg"},
]


def annotated(*people, categories=(PERSON,), images=IMAGES):
    return {"images": list(images), "annotations": list(people), "categories": list(categories)}


def person(keypoints, image=7, category=1, **others):
    return {"image_id": image, "category_id": category, "keypoints": keypoints, **others}


@pytest.mark.parametrize("flag", [1, 2])
def test_annotations(write, joints, rows, flag):
    numbers = joints(17, score=flag)
    numbers[:3] = 0, 0, 0  # not labelled
    found = read_coco_json(write("a.json", annotated(person(numbers, num_keypoints=16))))
    assert list(found.poses) == ["cam1/a.jpg", "b.jpg"]
    assert found.with_suffix
    assert found.sizes == {"cam1/a.jpg": (128, 64)}
    assert not found.poses["cam1/a.jpg"][0].any()
    found.poses["cam1/a.jpg"][0] = 10, 50, 1
    rows(found.poses["cam1/a.jpg"], COCO, score=1)
    assert not found.poses["b.jpg"].any()


def test_joints_go_by_the_names_of_the_category(write, joints, rows):
    names = ["neck", *reversed(COCO17_JOINTS)]
    category = {"id": "p", "name": "person", "keypoints": names}
    content = annotated(person(joints(18, score=2), category="p"), categories=[category])
    place = {name: number for number, name in enumerate(names)}
    pose = read_coco_json(write("a.json", content)).poses["cam1/a.jpg"]
    rows(pose, [place[name] for name in JOINTS], score=1)


def test_other_things_are_passed_over(write, joints):
    car = {"id": 3, "name": "car"}
    box = {"image_id": 9, "category_id": 3, "bbox": [0, 0, 1, 1]}
    content = annotated(box, person(joints(17)), categories=[PERSON, car])
    found = read_coco_json(write("a.json", content))
    assert found.poses["cam1/a.jpg"].any()
    assert not found.poses["b.jpg"].any()


def test_without_categories_joints_are_cocos(write, joints, rows):
    content = annotated(person(joints(17)))
    del content["categories"]
    rows(read_coco_json(write("a.json", content)).poses["cam1/a.jpg"], COCO)


def test_a_result_list_with_names(write, joints, rows):
    people = [person(joints(17, 0.4, at=3), image="a.jpg", score=2.5), person(joints(17), "a.jpg")]
    people.append(person(joints(17, score=0.2), image="b.jpg"))
    path = write("alphapose-results.json", people)
    found = read_coco_json(path)
    assert list(found.poses) == ["a.jpg", "b.jpg"]
    rows(found.poses["a.jpg"], COCO)
    assert not found.poses["b.jpg"].any()
    assert found.several == 1
    rows(read_coco_json(path, threshold=0.1).poses["b.jpg"], COCO, score=0.2)


def test_a_result_list_with_numbers_needs_the_annotations(write, joints, rows):
    path = write("results.json", [person(joints(17), image=9)])
    with pytest.raises(UserError, match=r"results\.json: the list\[0\]: .*known by number \(9\)"):
        read_coco_json(path)
    found = read_coco_json(path, write("annotations.json", annotated()))
    rows(found.poses["b.jpg"], COCO)
    assert not found.poses["cam1/a.jpg"].any()


def test_nothing(write):
    assert read_coco_json(write("a.json", [])).poses == {}
    assert read_coco_json(write("a.json", annotated(images=[]))).poses == {}


FULL = [5.0] * 51
BROKEN = {
    "a number": (5, "there is no 'images' here"),
    "no images": ({"annotations": []}, "there is no 'images' here"),
    "images by name": ({"images": {}}, "'images' is not a list"),
    "no annotations": ({"images": []}, "there is no 'annotations' here"),
    "an image without id": (annotated(images=[{"file_name": "a"}]), "images[0]: there is no 'id'"),
    "an image without name": (annotated(images=[{"id": 1}]), "images[0]: there is no 'file_name'"),
    "a name in numbers": (
        annotated(images=[{"id": 1, "file_name": 5}]),
        "images[0]: file_name 5 is not text",
    ),
    "an id twice": (
        annotated(images=[{"id": 1, "file_name": "a"}, {"id": 1, "file_name": "b"}]),
        "images[1]: id 1 or file_name 'b' is there twice",
    ),
    "a name twice": (
        annotated(images=[{"id": 1, "file_name": "a"}, {"id": 2, "file_name": "a"}]),
        "images[1]: id 2 or file_name 'a' is there twice",
    ),
    "a list as id": (
        annotated(images=[{"id": [], "file_name": "a"}]),
        "images[0]: id [] is neither a number nor a name",
    ),
    "another image": (annotated(person(FULL, image=8)), "annotations[0]: image_id 8 is not in im"),
    "another category": (annotated(person(FULL, category=2)), "category_id 2 is not in categories"),
    "no key points": (
        annotated({"image_id": 7, "category_id": 1}),
        "annotations[0]: there is no 'keypoints' here",
    ),
    "14 joints": (annotated(person([5.0] * 42)), "annotations[0]: Key points of shape (14, 3) do"),
    "nested": (annotated(person([[1, 2, 3]] * 17)), "keypoints is not a list of numbers"),
    "infinite": (annotated(person([float("inf")] * 51)), "has a number that is not finite"),
    "no hips": (
        annotated(person([5.0] * 3), categories=[{"id": 1, "keypoints": ["nose"]}]),
        "annotations[0]: The source skeleton has no joint named",
    ),
    "a joint in numbers": (
        annotated(categories=[{"id": 1, "keypoints": [5]}]),
        "categories[0]: the joint name 5 is not text",
    ),
    "fractions": (annotated(person([0.4, 0.9, 2] * 17)), "image 'cam1/a.jpg': all coordinates are"),
}


@pytest.mark.parametrize(("content", "what"), BROKEN.values(), ids=BROKEN.keys())
def test_broken_files(write, content, what):
    path = write("a.json", content)
    with pytest.raises(UserError, match=re.escape(what)) as error:
        read_coco_json(path)
    assert str(error.value).startswith(f"{path}: ")


def test_annotations_that_are_none(write, tmp_path):
    path = write("results.json", [])
    with pytest.raises(UserError, match=re.escape(f"{tmp_path / 'none.json'}: cannot be read")):
        read_coco_json(path, tmp_path / "none.json")
    with pytest.raises(UserError, match=re.escape(f"{path}: there is no 'images' here")):
        read_coco_json(path, path)
