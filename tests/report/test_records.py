import math

import pytest

from posegan_plugin.report.records import read_records

TRAIN = '{"loss": 2.5, "reid.lr": 0.001, "time": 0.2, "epoch": 1, "iter": 10, "step": 10}'
VAL = '{"reid/R1": 50.0, "time": 0.1, "data_time": 0.2, "step": 1}'


@pytest.fixture
def read(tmp_path):
    def read(text):
        (tmp_path / "scalars.json").write_text(text)
        return read_records(tmp_path / "scalars.json")

    return read


def test_losses_by_iteration_and_scores_by_epoch(read):
    found = read(f"{TRAIN}\n{VAL}\n")
    assert found.training == {"loss": {10: 2.5}, "reid.lr": {10: 0.001}, "time": {10: 0.2}}
    assert found.evaluation == {"reid/R1": {1: 50.0}}
    assert (found.epoch, found.notes) == (1, [])


def test_half_written_last_line_is_left_out_with_a_note(read, tmp_path):
    found = read(f"{TRAIN}\n{VAL[:20]}")
    assert list(found.training["loss"]) == [10]
    assert found.evaluation == {}
    (note,) = found.notes
    assert note.startswith(f"{tmp_path}/scalars.json: the last line is not complete")


@pytest.mark.parametrize(
    "line", ["", "x", "3", "null", "[1]", '{"loss": 1}', '{"step": "1"}', "\0"]
)
def test_damaged_lines_in_the_middle(read, line):
    found = read(f"{line}\n{line}\n{TRAIN}\n")
    assert found.training["loss"] == {10: 2.5}
    (note,) = found.notes
    assert "2 lines are damaged, from line 1 on" in note


def test_not_a_number_and_what_is_no_number(read):
    found = read('{"loss": NaN, "name": "x", "iter": 1, "step": 1}\n')
    assert math.isnan(found.training["loss"][1])
    assert set(found.training) == {"loss"}


def test_empty_file(read):
    found = read("")
    assert (found.training, found.evaluation, found.notes) == ({}, {}, [])
