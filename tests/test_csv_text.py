import csv
import io

import pytest

from posegan_plugin.csv_text import csv_text


@pytest.mark.parametrize("name", ["x.jpg", "a,b", 'say "x"', "two\nlines", "re\rturn", "\r\n", ""])
def test_any_value_comes_back(name):
    rows = [["path", "pid"], [name, "7"], ["plain", "8"]]
    assert list(csv.reader(io.StringIO(csv_text(rows), newline=""))) == rows


def test_nothing_is_quoted_without_need():
    assert csv_text([("path", "pid"), ("a b.jpg", 7)]) == "path,pid\na b.jpg,7\n"
    assert csv_text([]) == ""
