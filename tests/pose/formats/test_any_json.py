"""Whatever JSON a reader is given, it returns poses or says what is wrong."""

import copy
import json
import tempfile
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("hypothesis")

from hypothesis import given, settings
from hypothesis import strategies as st

from posegan_plugin.errors import UserError
from posegan_plugin.pose import COCO17_JOINTS
from posegan_plugin.pose.formats import read_coco_json, read_mmpose_json, read_openpose_json

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
FLAT = [value for joint in range(18) for value in (10 + joint, 50 + joint, 0.5)]
COCO_PERSON = {"image_id": "a.jpg", "category_id": 1, "keypoints": FLAT[:51]}
MMPOSE_PERSON = {
    "keypoints": [[x, y] for x, y in zip(FLAT[:51:3], FLAT[1:51:3], strict=True)],
    "keypoint_scores": [0.5] * 17,
}
OPENPOSE = {"people": [{"pose_keypoints_2d": FLAT}, {"pose_keypoints_2d": [0] * 75}]}
COCO = {
    "images": [{"id": "a.jpg", "file_name": "a.jpg", "height": 128, "width": 64}],
    "annotations": [COCO_PERSON],
    "categories": [{"id": 1, "keypoints": list(COCO17_JOINTS)}],
}
MMPOSE = {
    "meta_info": {"keypoint_id2name": {str(n): name for n, name in enumerate(COCO17_JOINTS)}},
    "instance_info": [MMPOSE_PERSON],
}


@st.composite
def damaged(draw, documents):
    """One of the documents with up to two of its parts replaced or lost."""
    content = copy.deepcopy(draw(st.sampled_from(documents)))
    for _ in range(draw(st.integers(0, 2))):
        content = replaced(draw, content)
    return content


def replaced(draw, node):
    if isinstance(node, list | dict) and node and draw(st.integers(0, 4)):
        key = draw(st.sampled_from(sorted(node) if isinstance(node, dict) else range(len(node))))
        part = node.pop(key)
        if draw(st.integers(0, 9)):
            part = replaced(draw, part)
            if isinstance(node, list):
                node.insert(key, part)
            else:
                node[key] = part
        return node
    return draw(anything)


READERS = {
    "openpose": ([OPENPOSE], "a_keypoints.json", lambda path: read_openpose_json(path.parent)),
    "coco": ([COCO, [COCO_PERSON]], "a.json", read_coco_json),
    "mmpose": ([MMPOSE, [MMPOSE_PERSON]], "a.json", read_mmpose_json),
}


@pytest.mark.parametrize(("documents", "name", "read"), READERS.values(), ids=READERS.keys())
def test_a_pose_or_a_sentence(documents, name, read):
    outcomes = set()

    @settings(max_examples=300, deadline=None, derandomize=True, database=None)
    @given(damaged(documents))
    def check(content):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / name
            path.write_text(json.dumps(content))
            try:
                found = read(path)
            except UserError as error:
                assert str(error).startswith(str(path))
                assert "\n" not in str(error)
                outcomes.add("a sentence")
                return
        for pose in found.poses.values():
            assert pose.shape == (18, 3)
            assert pose.dtype == np.float32
            assert np.isfinite(pose).all()
            assert ((pose[:, 2] >= 0) & (pose[:, 2] <= 1)).all()
            assert not pose[pose[:, 2] == 0].any()
            outcomes.add("joints" if pose.any() else "nobody")

    check()
    assert outcomes == {"a sentence", "joints", "nobody"}
