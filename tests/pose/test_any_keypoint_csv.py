"""Whatever a key point file holds, it is read as a naive reader reads it, or refused."""

import tempfile
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("hypothesis")

from hypothesis import given, settings
from hypothesis import strategies as st

from posegan_plugin.errors import UserError
from posegan_plugin.pose.keypoint_csv import HEADER, read_keypoint_csv, write_keypoint_csv

SETTINGS = settings(max_examples=60, deadline=None, derandomize=True, database=None)

names = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\n"), min_size=1, max_size=20
).filter(str.strip)
not_finite = ["NaN", "Infinity", "-Infinity", "1e999", "1" * 400, "1" * 5000]
no_number = ["", " ", "null", "true", '"7"', "0x1F", "1_0", "[3]", "+3", "03", ".5", "٣"]
odd = st.sampled_from([*not_finite, *no_number, "1e38", "-1e38", "1e-400", "-0.0", "1e3"])


@st.composite
def coordinates(draw):
    values = draw(st.lists(st.integers(-2, 200).map(str), min_size=18, max_size=18))
    if not draw(st.integers(0, 9)):
        values = values[: draw(st.integers(0, 17))]
    elif not draw(st.integers(0, 5)):
        values[draw(st.integers(0, 17))] = draw(odd | st.floats(0, 500).map(repr))
    return f"[{draw(st.sampled_from([', ', ',', ' ,  '])).join(values)}]"


@st.composite
def rows(draw):
    name = draw(names | st.sampled_from(["a.jpg", "b:c.jpg"]))
    row = f"{name}: {draw(coordinates())}: {draw(coordinates())}"
    if not draw(st.integers(0, 9)):
        row = row[draw(st.integers(0, 10)) : draw(st.integers(0, len(row)))]
    return row


@st.composite
def files(draw):
    text = draw(st.sampled_from(["\n", "\r\n", "\n\n"])).join([HEADER, *draw(st.lists(rows()))])
    return draw(st.sampled_from([b"", b"\xef\xbb\xbf"])) + text.encode()


def naively(data):
    """Name -> 18 tuples (x, y), None for a missing joint; only of files that are in order."""
    lines = data.decode("utf-8-sig").split("\n")
    poses = {}
    for line in lines[1:]:
        if line.strip():
            *name, y, x = line.split(":")
            assert ":".join(name) not in poses
            x, y = ([float(v) for v in part.strip().strip("[]").split(",")] for part in (x, y))
            pairs = zip(x, y, strict=True)
            poses[":".join(name)] = [(a, b) if a >= 0 and b >= 0 else None for a, b in pairs]
    return poses


def read(data, skipped=None):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "k.csv"
        path.write_bytes(data)
        try:
            return read_keypoint_csv(path, skipped)
        except UserError as error:
            assert str(error).startswith(f"{path}:")
            return None


def check_poses(found, expected):
    assert list(found) == list(expected)
    for name, pose in found.items():
        assert pose.shape == (18, 3)
        assert pose.dtype == np.float32
        joints = expected[name]
        assert len(joints) == 18
        wanted = [(0, 0, 0) if joint is None else (*joint, 1) for joint in joints]
        np.testing.assert_array_equal(pose, np.array(wanted, dtype=np.float64).astype(np.float32))
        assert pose.max() <= 1e6


def test_files_of_rows():
    outcomes = set()

    @SETTINGS
    @given(files())
    def check(data):
        found = read(data)
        if found is not None:
            check_poses(found, naively(data))
        outcomes.add("refused" if found is None else "read" if found else "empty")

    check()
    assert outcomes == {"refused", "read", "empty"}


def test_skipping_keeps_what_is_in_order():
    """Row by row: each is read as if it stood in a file of its own, unless its name is there twice."""
    outcomes = set()

    @SETTINGS
    @given(st.lists(rows(), max_size=4))
    def check(lines):
        skipped = []
        found = read("\n".join([HEADER, *lines]).encode(), skipped)
        alone = [read(f"{HEADER}\n{line}".encode()) for line in lines]
        good = [name for poses in alone for name in poses or ()]
        for name, pose in found.items():
            if pose.any():
                assert good.count(name) == 1
                np.testing.assert_array_equal(pose, next(p[name] for p in alone if p and name in p))
        assert len(skipped) >= sum(poses is None for poses in alone)
        assert len(skipped) + sum(p.any() for p in found.values()) <= len(lines)
        outcomes.add((bool(skipped), any(p.any() for p in found.values())))

    check()
    assert len(outcomes) == 4


def test_any_bytes():
    @SETTINGS
    @given(st.binary(max_size=200), st.booleans())
    def check(data, header):
        data = HEADER.encode() + b"\n" + data if header else data
        found = read(data)
        if found:
            check_poses(found, naively(data))

    check()


def test_what_is_written_is_read_again():
    joint = st.none() | st.tuples(st.integers(0, 999), st.integers(0, 999))
    poses = st.dictionaries(names, st.lists(joint, min_size=18, max_size=18), max_size=3)

    @SETTINGS
    @given(poses)
    def check(expected):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "k.csv"
            arrays = {
                name: np.array([(0, 0, 0) if j is None else (*j, 0.5) for j in joints])
                for name, joints in expected.items()
            }
            write_keypoint_csv(path, arrays)
            check_poses(read_keypoint_csv(path), expected)

    check()
