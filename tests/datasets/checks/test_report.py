import json
from dataclasses import replace

import pytest

from posegan_plugin.datasets.checks import (
    Finding,
    check_people,
    render_report,
    statistics,
    write_json,
)
from posegan_plugin.errors import UserError


@pytest.fixture
def faulty(root, inventory_of):
    images = sorted((root / "bounding_box_train").iterdir())
    images[0].write_bytes(b"")
    images[1].unlink()
    return inventory_of(root)


def test_statistics(clean):
    train = {"images": 96, "identities": 16, "cameras": 3, "no joints": 0, "below 10 joints": 0}
    test = {"images": 18, "identities": 6, "cameras": 3, "no joints": 0, "below 10 joints": 0}
    assert statistics(clean) == {
        "train": {**train, "10 or more": 96},
        "query": {**test, "10 or more": 18},
        "gallery": {**test, "10 or more": 18},
    }


def test_statistics_of_coverage(with_poses):
    def change(keypoints):
        keypoints[0] = 0
        keypoints[1:3, :4, 2], keypoints[1:3, 4:] = 1, 0
        return keypoints

    def total(inventory, *keys):
        numbers = statistics(inventory).values()
        return [sum(row[key] for row in numbers) for key in keys]

    people = with_poses(change)
    assert total(people, "no joints", "below 10 joints", "10 or more") == [1, 2, 129]
    few = replace(people, min_joints=4)
    assert total(few, "no joints", "below 4 joints", "4 or more") == [1, 0, 131]


def test_lists_without_people_are_left_out(listed):
    people = listed([(0, 0), (0, 1)])
    assert list(statistics(people)) == ["train"]
    assert "query" not in render_report(people, [])


def test_clean_report(clean):
    text = render_report(clean, [])
    assert text.splitlines()[2].split() == ["train", "96", "16", "3", "0", "0", "96"]
    assert text.endswith("errors: 0, warnings: 0")
    assert "severity" not in text


def test_table(faulty):
    findings = check_people(faulty)
    lines = render_report(faulty, findings).splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith("severity"))
    assert lines[start + 2].split()[:4] == ["error", "unreadable", "images", "1"]
    assert lines[start + 2].endswith(findings[0].examples[0])
    assert lines[start + 3].strip() == findings[0].advice
    assert lines[start + 4].startswith("warning   key points without image")
    assert lines[-1] == "errors: 1, warnings: 1"
    assert lines[start].index("count") + 4 == lines[start + 2].index(" 1 ") + 1


def test_file_names_that_are_no_text(clean):
    finding = Finding("error", "unreadable images", 1, ("a\udce9.jpg",), "replace them")
    assert r"a\udce9.jpg" in render_report(clean, [finding])


def test_json(faulty, tmp_path):
    findings = check_people(faulty)
    write_json(tmp_path / "found" / "check.json", faulty, findings)
    content = json.loads((tmp_path / "found" / "check.json").read_text())
    assert (content["dataset"], content["errors"], content["warnings"]) == ("market_layout", 1, 1)
    assert content["statistics"] == statistics(faulty)
    assert content["findings"][0] == {
        "severity": "error",
        "check": "unreadable images",
        "count": 1,
        "examples": list(findings[0].examples),
        "advice": findings[0].advice,
    }


def test_json_that_cannot_be_written(faulty, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="cannot be written"):
        write_json(tmp_path / "file" / "check.json", faulty, [])
