import re

import pytest

from posegan_plugin.errors import UserError
from posegan_plugin.pose import COCO17_JOINTS, HALPE26_JOINTS, JOINTS
from posegan_plugin.pose.formats import read_mmpose_json

COCO = [0, (5, 6), 6, 8, 10, 5, 7, 9, 12, 14, 16, 11, 13, 15, 2, 1, 4, 3]
HALPE = [0, 18, *COCO[2:]]


@pytest.fixture
def instance(joints):
    def make(count=17, score=0.5, **options):
        flat = joints(count, score, **options)
        xy = [list(pair) for pair in zip(flat[::3], flat[1::3], strict=True)]
        box = {"bbox": [[0.0, 0.0, 64.0, 128.0]], "bbox_score": 1.0}
        return {"keypoints": xy, "keypoint_scores": flat[2::3], **box}

    return make


def demo(people, names):
    """What the demos' --save-predictions writes."""
    meta = {"dataset_name": "coco", "keypoint_id2name": {str(n): j for n, j in enumerate(names)}}
    return {"meta_info": meta, "instance_info": people}


@pytest.mark.parametrize(("count", "numbers"), [(17, COCO), (26, HALPE)])
def test_a_folder_of_the_inferencer(write, instance, rows, tmp_path, count, numbers):
    write("0001_c1.json", [instance(count)])
    write("cam2/0002.json", [])
    found = read_mmpose_json(tmp_path)
    assert list(found.poses) == ["0001_c1", "cam2/0002"]
    assert not found.with_suffix
    rows(found.poses["0001_c1"], numbers)
    assert not found.poses["cam2/0002"].any()


def test_one_file(write, instance, rows):
    found = read_mmpose_json(str(write("0001.json", [instance()])))
    assert list(found.poses) == ["0001"]
    rows(found.poses["0001"], COCO)


def test_joints_go_by_the_names_in_the_file(write, instance, rows):
    # In reverse, with spaces and capitals, and one that nobody asked for in front.
    names = ["tail", *(name.replace("_", " ").title() for name in reversed(COCO17_JOINTS))]
    found = read_mmpose_json(write("results_0001.json", demo([instance(18)], names)))
    assert list(found.poses) == ["0001"]
    place = {name: 17 - n for n, name in enumerate(COCO17_JOINTS)}
    shoulders = (place["right_shoulder"], place["left_shoulder"])
    rows(found.poses["0001"], [place.get(name, shoulders) for name in JOINTS])


def test_whole_body_models_by_name(write, instance, rows):
    names = [*COCO17_JOINTS, *(f"face-{n}" for n in range(116))]
    found = read_mmpose_json(write("results_a.json", demo([instance(133)], names)))
    rows(found.poses["a"], COCO)


def test_scores(write, instance):
    path = write("a.json", [instance(score=0.25)])
    assert not read_mmpose_json(path).poses["a"].any()
    assert read_mmpose_json(path, threshold=0.2).poses["a"][0, 2] == 0.25
    # RTMW scores up to 6; scores in this package end at 1.
    path = write("b.json", [instance(score=5.5)])
    assert (read_mmpose_json(path, threshold=5).poses["b"][:, 2] == 1).all()
    assert not read_mmpose_json(path, threshold=6).poses["b"].any()
    assert not read_mmpose_json(write("c.json", [instance(score=-0.5)]), 0).poses["c"].any()


def test_several_people(write, instance, rows):
    found = read_mmpose_json(write("a.json", [instance(score=0.4, at=7), instance()]))
    rows(found.poses["a"], COCO)
    assert found.several == 1


def test_an_image_twice(write, instance, tmp_path):
    write("a.json", [instance()])
    path = write("results_a.json", demo([instance()], COCO17_JOINTS))
    with pytest.raises(UserError, match=re.escape(f"{path}: the image 'a' is there twice")):
        read_mmpose_json(tmp_path)


def changed(instance, **changes):
    return {**instance(), **changes}


BROKEN = {
    "number": (lambda i: 5, "is not a list of people"),
    "an object": (lambda i: {}, "meta_info: there is no 'meta_info' here"),
    "meta without names": (
        lambda i: {"meta_info": {}, "instance_info": []},
        "meta_info: there is no 'keypoint_id2name' here",
    ),
    "names with a gap": (
        lambda i: {"meta_info": {"keypoint_id2name": {"1": "nose"}}, "instance_info": []},
        "keypoint_id2name does not name the joints 0, 1, 2",
    ),
    "names in numbers": (lambda i: demo([i()], [5] * 17), "the joint name 5 is not text"),
    "a name twice": (lambda i: demo([i()], ["nose"] * 17), "has a name twice"),
    "more names": (lambda i: demo([i()], HALPE26_JOINTS), "do not fit a skeleton of 26 joints"),
    "no ears": (
        lambda i: demo([i(15)], [n for n in COCO17_JOINTS if not n.endswith("ear")]),
        "has no joint named",
    ),
    "no instances": (
        lambda i: {"meta_info": demo([], COCO17_JOINTS)["meta_info"]},
        "there is no 'instance_info' here",
    ),
    "a video": (lambda i: [{"frame_id": 0, "instances": [i()]}], "[0]: is a frame of a video"),
    "a person in numbers": (lambda i: [[1, 2]], "[0]: there is no 'keypoints' here"),
    "no scores": (lambda i: [{"keypoints": [[1, 2]] * 17}], "there is no 'keypoint_scores' here"),
    "fewer scores": (
        lambda i: [changed(i, keypoint_scores=[0.5] * 16)],
        "[0]: keypoints is not a list of x, y for each of keypoint_scores",
    ),
    "three dimensions": (
        lambda i: [changed(i, keypoints=[[1, 2, 3]] * 17)],
        "[0]: keypoints is not a list of x, y for each of keypoint_scores",
    ),
    "flat": (lambda i: [changed(i, keypoints=[1] * 34)], "keypoints[0] is not a list of numbers"),
    "NaN": (
        lambda i: [changed(i, keypoints=[[1, 2]] * 16 + [[1, float("nan")]])],
        "keypoints[16] has a number that is not finite",
    ),
    "21 joints": (lambda i: [i(21)], "[0]: 21 joints without names in meta_info"),
    "no joint": (lambda i: [i(0)], "[0]: 0 joints without names"),
    "names alone": (lambda i: demo([i(0)], COCO17_JOINTS), "(0, 3) do not fit a skeleton of 17"),
}


@pytest.mark.parametrize(("content", "what"), BROKEN.values(), ids=BROKEN.keys())
def test_broken_files(write, instance, tmp_path, content, what):
    write("a.json", [instance()])
    path = write("results_b.json", content(instance))
    with pytest.raises(UserError, match=re.escape(what)) as error:
        read_mmpose_json(tmp_path)
    assert str(error.value).startswith(f"{path}: ")


def test_no_file(tmp_path):
    with pytest.raises(UserError, match=r"holds no file named \*\.json"):
        read_mmpose_json(tmp_path)
    with pytest.raises(UserError, match="cannot be read"):
        read_mmpose_json(tmp_path / "nowhere.json")
