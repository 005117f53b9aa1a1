import itertools
import tracemalloc

import pytest

from posegan_plugin.errors import UserError
from posegan_plugin.text_lines import MAX_LINE, read_lines


def lines(path):
    return list(read_lines(path, "list"))


def test_lines_with_their_ends(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes("\ufeffa\r\n\nb\u2028c\x85d\re".encode())
    assert lines(path) == [(1, "a\r\n"), (2, "\n"), (3, "b\u2028c\x85d\re")]
    path.write_bytes(b"")
    assert lines(path) == []


def test_a_mark_inside_the_file_is_text(tmp_path):
    (tmp_path / "a.csv").write_bytes("a\n\ufeffb".encode())
    assert lines(tmp_path / "a.csv")[1] == (2, "\ufeffb")


def test_what_is_no_text(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"a\n\xe9\n")
    with pytest.raises(UserError, match=r"a\.csv:2: the file is not UTF-8"):
        lines(path)
    path.write_bytes("a".encode("utf-16"))
    with pytest.raises(UserError, match=r"a\.csv:1: the file is not UTF-8"):
        lines(path)


@pytest.mark.parametrize("name", ["nowhere.csv", "folder", "a\0b", "n" * 300, "loop"])
def test_what_cannot_be_read(tmp_path, name):
    (tmp_path / "folder").mkdir()
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(UserError, match="the list cannot be read"):
        lines(tmp_path / name)


def test_the_longest_line(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"a\n" + b"x" * (MAX_LINE - 1) + b"\nb")
    assert [len(text) for _, text in lines(path)] == [2, MAX_LINE, 1]
    path.write_bytes(b"a\n" + b"x" * (MAX_LINE + 1))
    with pytest.raises(UserError, match=r"a\.csv:2: the line has more than 65536 bytes"):
        lines(path)


def test_a_file_of_any_size_takes_no_memory(tmp_path):
    path = tmp_path / "a.csv"
    for content in (b"x" * 20_000_000, b"x" * 99 + b"\n"):
        with path.open("wb") as file:
            file.writelines(itertools.repeat(content, 1 if len(content) > 100 else 200_000))
        tracemalloc.start()
        try:
            assert sum(1 for _ in read_lines(path, "list")) == 200_000
        except UserError as error:
            assert "the line has more than" in str(error)
        finally:
            _, peak = tracemalloc.get_traced_memory()
            tracemalloc.stop()
        assert peak < 2_000_000
