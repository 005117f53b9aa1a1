from pathlib import Path

import pytest

from posegan_plugin.datasets import Person, ReIDSplits, read_person_list, write_person_list
from posegan_plugin.datasets.person_list import find_person_list
from posegan_plugin.errors import UserError

HEADER = "split,path,pid,camid\n"


@pytest.fixture
def people(tmp_path):
    def write(text):
        path = tmp_path / "people.csv"
        path.write_text(text, encoding="utf-8", newline="")
        return path

    return write


def test_read(people, tmp_path):
    path = people(
        HEADER + 'gallery,"b/x, 1.png",9,3\r\n\r\n'
        "train,b/é.png,7,1\ntrain,/far/y.png,3,0\nquery,q.png,9,0\n"
    )
    (tmp_path / "own-annotation-1.csv").touch()
    splits = read_person_list(path)
    assert splits.train == [(str(tmp_path / "b/é.png"), 1, 1), (str(Path("/far/y.png")), 0, 0)]
    assert splits.query == [(str(tmp_path / "q.png"), 9, 0)]
    assert splits.gallery == [(str(tmp_path / "b/x, 1.png"), 9, 3)]
    assert splits.keypoints == [tmp_path / "own-annotation-1.csv"]
    assert [p.pid for p in find_person_list(path).splits.train] == [7, 3]


def test_byte_order_mark(people):
    path = people("\ufeff" + HEADER + "train,a.png,0,0\n")
    assert len(read_person_list(path).train) == 1


@pytest.mark.parametrize(
    ("row", "part"),
    [
        ("train,a.png,1", ":3: 3 fields, not the 4"),
        ("train,a.png,1,0,5", ":3: 5 fields"),
        ("test,a.png,1,0", ":3: split 'test' is none of train, query, gallery"),
        ("train,,1,0", ":3: the path '' is empty"),
        ("train,a.png,-1,0", ":3: pid '-1' is not a whole number from 0 up"),
        ("train,a.png,x,0", ":3: pid 'x'"),
        ("train,a.png,1,0.5", ":3: camid '0.5'"),
        ("train,a.png,1, 2", ":3: camid ' 2'"),
        ('train,"a.png"x,1,0', ":3: not a csv row"),
        ('train,"a.png,1,0', ":3: not a csv row"),
    ],
)
def test_malformed_rows(people, row, part):
    path = people(f"{HEADER}train,b.png,0,0\n{row}\n")
    with pytest.raises(UserError) as error:
        read_person_list(path)
    assert str(error.value).startswith(f"{path}{part}")


@pytest.mark.parametrize("text", ["", "train,a.png,0,0\n", "split;path;pid;camid\n"])
def test_header(people, text):
    with pytest.raises(UserError, match=r"people\.csv:1: the first line is not the header"):
        read_person_list(people(text))


def test_nobody(people):
    with pytest.raises(UserError, match="lists nobody"):
        read_person_list(people(HEADER))


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(UserError, match=r"nowhere\.csv: the list of people cannot be read"):
        read_person_list(tmp_path / "nowhere.csv")
    (tmp_path / "latin.csv").write_bytes(HEADER.encode() + "train,é.png,0,0".encode("latin-1"))
    with pytest.raises(UserError, match=r"latin\.csv:2: the file is not UTF-8"):
        read_person_list(tmp_path / "latin.csv")


def test_what_is_written_is_read_again(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    splits = ReIDSplits(
        "mine",
        [Person("set/é, 1.png", 4, 0), Person(str(tmp_path / "set/in\nside.png"), 2, 1)],
        [Person("/far/away.png", 7, 2)],
        [Person(str(tmp_path / "other.png"), 7, 0)],
    )
    write_person_list("set/people.csv", splits)
    text = Path("set/people.csv").read_text()
    assert text.startswith(HEADER)
    assert "query,/far/away.png,7,2\n" in text
    found = read_person_list("set/people.csv")
    assert found.train == [("set/é, 1.png", 1, 0), ("set/in\nside.png", 0, 1)]
    assert found.query == [("/far/away.png", 7, 2)]
    assert found.gallery == [(str(tmp_path / "other.png"), 7, 0)]


def test_path_that_is_no_text(tmp_path):
    splits = ReIDSplits("mine", [Person("a\udce9.png", 0, 0)], [], [])
    with pytest.raises(UserError, match="cannot be written in UTF-8"):
        write_person_list(tmp_path / "people.csv", splits)
    assert list(tmp_path.iterdir()) == []
