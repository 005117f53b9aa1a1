"""Whatever names and lists hold, people are read as a naive reader reads them, or refused."""

import csv
import re
import tempfile
from pathlib import Path

import pytest

pytest.importorskip("hypothesis")

from hypothesis import given, settings
from hypothesis import strategies as st

from posegan_plugin.datasets import Person, ReIDSplits, read_person_list, write_person_list
from posegan_plugin.datasets.file_names import read_folder
from posegan_plugin.datasets.person_list import HEADER, find_person_list
from posegan_plugin.errors import UserError

SETTINGS = settings(max_examples=100, deadline=None, derandomize=True, database=None)

# Python 3.10's csv module writes no zero byte; any bytes are read below.
text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
numbers = st.integers(-2, 2000).map(str) | st.sampled_from(
    ["", " 1", "1.0", "1e3", "NaN", "inf", "²", "٣", "0007", "9" * 18, "9" * 19, "9" * 5000, "+1"]
)
splits = st.sampled_from(["train", "query", "gallery"]) | text


def refused(error, path):
    assert str(error).startswith(str(path))
    return True


def test_lists_of_rows():
    outcomes = set()
    good = st.tuples(
        st.sampled_from(["train", "query", "gallery"]),
        text.map(lambda name: f"{name}.jpg"),
        st.integers(0, 30).map(str),
        st.integers(0, 5).map(str),
    )
    row = good | st.tuples(splits, text, numbers, numbers)

    @SETTINGS
    @given(
        st.lists(good, max_size=4) | st.lists(row, max_size=2) | st.lists(st.lists(text)),
        st.sampled_from(["\n", "\r\n"]),
        st.booleans(),
    )
    def check(rows, end, mark):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "people.csv"
            with path.open("w", encoding="utf-8-sig" if mark else "utf-8", newline="") as file:
                csv.writer(file, lineterminator=end).writerows([HEADER, *rows])
            try:
                found = find_person_list(path).splits
            except UserError as error:
                outcomes.add("refused" if refused(error, path) else "")
                return
            for split in ("train", "query", "gallery"):
                # An empty row writes an empty line, which is passed over.
                assert getattr(found, split) == [
                    (str(Path(folder) / name), int(pid), int(camera))
                    for part, name, pid, camera in filter(None, rows)
                    if part == split
                ]
            labels = {p.pid for p in read_person_list(path).train}
            assert labels == set(range(len(labels)))
        outcomes.add("read")

    check()
    assert outcomes == {"refused", "read"}


def test_any_bytes_as_a_list():
    @SETTINGS
    @given(st.binary(max_size=100), st.booleans())
    def check(data, header):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "people.csv"
            path.write_bytes(",".join(HEADER).encode() + b"\n" + data if header else data)
            try:
                read_person_list(path)
            except UserError as error:
                assert refused(error, path)

    check()


def test_written_lists_are_read_again():
    names = st.text(
        st.characters(exclude_categories=["Cs"], exclude_characters="\0/"), min_size=1, max_size=9
    ).filter(lambda name: name not in (".", ".."))
    people = st.lists(st.builds(Person, names, st.integers(0, 9), st.integers(0, 9)), max_size=3)

    @SETTINGS
    @given(people, people)
    def check(query, gallery):
        with tempfile.TemporaryDirectory() as folder:
            lists = [[p._replace(path=f"{folder}/{p.path}") for p in x] for x in (query, gallery)]
            splits = ReIDSplits("x", [Person(f"{folder}/a.jpg", 0, 0)], *lists)
            write_person_list(Path(folder) / "people.csv", splits)
            again = read_person_list(Path(folder) / "people.csv")
        assert [again.train, again.query, again.gallery] == [splits.train, *lists]

    check()


def test_file_names():
    parts = st.sampled_from(
        ["0002", "-1", "0", "_c", "_", "c1", "_c1", "_c0", "s1", "٣", "é", "\n"]
    )
    digits = st.sampled_from(["7", "99999", "100000", "9" * 18, "9" * 19, "9" * 40])
    stems = st.lists(parts | digits, max_size=5).map("".join)
    outcomes = set()

    @SETTINGS
    @given(stems)
    def check(stem):
        with tempfile.TemporaryDirectory() as folder:
            name = f"{stem}.jpg"
            (Path(folder) / name).touch()
            people, wrong = read_folder(Path(folder))
            path = str(Path(folder) / name)
        assert [w.path for w in wrong] in ([], [path])
        if people:
            (person,) = people
            pid, camera = name.split("_c")[:2]
            assert person == (path, int(pid), int(re.split(r"\D", camera)[0]) - 1)
            assert not wrong
        outcomes.add("person" if people else "wrong" if wrong else "neither")
        if not people and not wrong:  # hidden by its suffix, or a junk detection
            assert name == ".jpg" or name.startswith("-")

    check()
    assert {"person", "wrong", "neither"} == outcomes
