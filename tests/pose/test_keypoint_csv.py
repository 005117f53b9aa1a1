import re
import time

import numpy as np
import pytest

from posegan_plugin.errors import UserError
from posegan_plugin.pose.keypoint_csv import HEADER, read_keypoint_csv, write_keypoint_csv

Y = [13, 27, 25, 38, 57, 28, 47, 60, 62, 87, 113, 62, 90, 112, 10, -1, 12, -1]
X = [46, 32, 26, 11, 3, 38, 44, 55, 25, 47, 38, 26, 20, 13, 44, -1, 35, -1]
GOOD = f"good.jpg: {Y}: {X}"


def write(path, *lines, header=HEADER, end="\n", encoding="utf-8"):
    path.write_bytes((end.join([header, *lines]) + end).encode(encoding))
    return path


def row(y, x=X, name="a.jpg"):
    return f"{name}: {y}: {x}"


def replaced(values, place, value):
    return [*values[:place], value, *values[place + 1 :]]


def random_poses(count, seed=0):
    rng = np.random.default_rng(seed)
    poses = {}
    for number in range(count):
        pose = rng.integers(0, 128, (18, 3)).astype(np.float32)
        pose[:, 2] = rng.integers(0, 2, 18)
        pose[pose[:, 2] == 0] = 0
        poses[f"{number:04d}_c1s1_{number:06d}_00.jpg"] = pose
    return poses


def test_y_comes_first(tmp_path):
    poses = read_keypoint_csv(write(tmp_path / "k.csv", GOOD))
    pose = poses["good.jpg"]
    assert list(poses) == ["good.jpg"]
    assert pose.dtype == np.float32
    assert pose.shape == (18, 3)
    np.testing.assert_array_equal(pose[0], [46, 13, 1])
    np.testing.assert_array_equal(pose[4], [3, 57, 1])
    np.testing.assert_array_equal(pose[15], [0, 0, 0])
    assert pose[:, 2].sum() == 16
    assert not np.signbit(pose).any()


@pytest.mark.parametrize(("y", "x"), [(-1, 5), (5, -1), (-1, -1), (-0.5, 3)])
def test_either_negative_is_missing(tmp_path, y, x):
    path = write(tmp_path / "k.csv", row(replaced(Y, 3, y), replaced(X, 3, x)))
    np.testing.assert_array_equal(read_keypoint_csv(path)["a.jpg"][3], [0, 0, 0])


def test_zero_is_a_place_and_fractions_are_kept(tmp_path):
    path = write(tmp_path / "k.csv", row(replaced(Y, 3, 0), replaced(X, 3, 2.25)))
    np.testing.assert_array_equal(read_keypoint_csv(path)["a.jpg"][3], [2.25, 0, 1])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_line_ends_marks_and_blank_lines(tmp_path, end, encoding):
    path = write(tmp_path / "k.csv", GOOD, "", "  ", "", end=end, encoding=encoding)
    assert list(read_keypoint_csv(path)) == ["good.jpg"]


def test_no_line_end_at_the_end(tmp_path):
    path = tmp_path / "k.csv"
    path.write_text(f"{HEADER}\n{GOOD}")
    assert list(read_keypoint_csv(path)) == ["good.jpg"]


@pytest.mark.parametrize(
    "name", ["a:b.jpg", "C:/x y/1.jpg", "Ä Straße.jpg", "人.jpg", "a\x85b.jpg", "[1]: [2]: .jpg"]
)
def test_names_survive_a_round_trip(tmp_path, name):
    poses = {name: next(iter(random_poses(1).values()))}
    write_keypoint_csv(tmp_path / "k.csv", poses)
    assert list(read_keypoint_csv(tmp_path / "k.csv")) == [name]


BROKEN_ROWS = {
    "nan": (row(str(Y).replace("27", "NaN")), "not finite"),
    "infinity": (row(str(Y).replace("27", "-Infinity")), "not finite"),
    "beyond float": (row(str(Y).replace("27", "1e999")), "not finite"),
    "beyond float32": (row(str(Y).replace("27", "1e39")), "not finite"),
    "beyond any image": (row(str(Y).replace("27", "1e38")), "above 1000000"),
    "huge integer": (row(str(Y).replace("27", "1" + "0" * 400)), "not finite"),
    "integer of 5000 digits": (row(str(Y).replace("27", "1" * 5000)), "not a list of numbers"),
    "text": (row(str(Y).replace("27", '"13"')), "not a list of numbers"),
    "null": (row(str(Y).replace("27", "null")), "not a list of numbers"),
    "true": (row(str(Y).replace("27", "true")), "not a list of numbers"),
    "nested": (row([Y]), "not a list of numbers"),
    "deeply nested": (row("[" * 60_000), "not a list of numbers"),
    "number": (row(13), "not a list of numbers"),
    "code": (row("__import__('os').getcwd()"), "not a list of numbers"),
    "cut": (row(str(Y)[:-5]), "not a list of numbers"),
    "cut in x": (GOOD[:-1].replace("good", "a"), "list of x is not a list of numbers"),
    "17 of y": (row(Y[:-1]), "list of y has 17 numbers"),
    "19 of x": (row(Y, [*X, 1]), "list of x has 19 numbers"),
    "none": (row([]), "has 0 numbers"),
    "no x": (f"a.jpg: {Y}", "the row is not"),
    "no name": (f": {Y}: {X}", "the row is not"),
    "prose": ("hello", "the row is not"),
    "double": (GOOD, "'good.jpg' is already in line 2"),
}


@pytest.mark.parametrize(("broken", "what"), BROKEN_ROWS.values(), ids=BROKEN_ROWS.keys())
def test_broken_row_is_named_by_file_and_line(tmp_path, broken, what):
    path = write(tmp_path / "k.csv", GOOD, "", broken)
    with pytest.raises(UserError, match=re.escape(what)) as error:
        read_keypoint_csv(path)
    assert str(error.value).startswith(f"{path}:4: ")


def test_every_cut_of_a_row_is_refused(tmp_path):
    cut_row = row(Y)
    for length in range(1, len(cut_row)):
        path = write(tmp_path / "k.csv", GOOD, cut_row[:length])
        with pytest.raises(UserError, match=r"k\.csv:3: "):
            read_keypoint_csv(path)


def test_malformed_rows_are_skipped_and_listed(tmp_path):
    broken = [row(Y[:-1], name="cut.jpg"), "prose", GOOD.replace("good", "other")]
    path = write(tmp_path / "k.csv", GOOD, *broken, row(X, Y, "twice.jpg"), row(Y, X, "twice.jpg"))
    skipped = []
    poses = read_keypoint_csv(path, skipped)
    assert [sentence.split(": ")[0] for sentence in skipped] == [f"{path}:{n}" for n in (3, 4, 7)]
    assert {name: int(pose[:, 2].sum()) for name, pose in poses.items()} == {
        "good.jpg": 16,
        "cut.jpg": 0,  # there, so that no other row is taken for it
        "other.jpg": 16,
        "twice.jpg": 0,
    }
    with pytest.raises(UserError, match=r"k\.csv:3: .*17 numbers"):
        read_keypoint_csv(path)


def test_a_file_that_is_no_key_point_file_is_not_skipped(tmp_path):
    (tmp_path / "k.csv").write_text(GOOD)
    with pytest.raises(UserError, match="header"):
        read_keypoint_csv(tmp_path / "k.csv", [])


@pytest.mark.parametrize("header", ["", GOOD, "name:keypoints_x:keypoints_y", "name,y,x"])
def test_missing_header(tmp_path, header):
    path = write(tmp_path / "k.csv", GOOD, header=header)
    with pytest.raises(UserError, match=r"k\.csv:1: .*header"):
        read_keypoint_csv(path)


def test_empty_file_and_header_alone(tmp_path):
    (tmp_path / "k.csv").write_bytes(b"")
    with pytest.raises(UserError, match=r"k\.csv:1: "):
        read_keypoint_csv(tmp_path / "k.csv")
    assert read_keypoint_csv(write(tmp_path / "k.csv")) == {}


def test_other_encoding_names_the_line(tmp_path):
    path = write(tmp_path / "k.csv", GOOD, row(Y, name="Ä.jpg"), encoding="latin-1")
    with pytest.raises(UserError, match=r"k\.csv:3: .*UTF-8"):
        read_keypoint_csv(path)


def test_no_such_file(tmp_path):
    with pytest.raises(UserError, match=r"none\.csv: .*cannot be read"):
        read_keypoint_csv(tmp_path / "none.csv")


def test_written_text_by_hand(tmp_path):
    pose = np.zeros((18, 3), dtype=np.float32)
    pose[0] = [46, 13, 0.3]
    pose[1] = [31.6, 26.4, 1]
    pose[2] = [-3, 20, 1]  # left of the image
    pose[3] = [np.nan, np.nan, 0]
    write_keypoint_csv(tmp_path / "k.csv", {"a.jpg": pose})
    missing = ", -1" * 16
    expected = f"{HEADER}\na.jpg: [13, 26{missing}]: [46, 32{missing}]\n"
    assert (tmp_path / "k.csv").read_bytes() == expected.encode()


def test_integers_round_trip_exactly_and_in_order(tmp_path):
    poses = random_poses(50)
    write_keypoint_csv(tmp_path / "k.csv", poses)
    again = read_keypoint_csv(tmp_path / "k.csv")
    assert list(again) == list(poses)
    for name, pose in poses.items():
        np.testing.assert_array_equal(again[name], pose)


def test_a_data_set_is_read_in_a_second(tmp_path):
    write_keypoint_csv(tmp_path / "k.csv", random_poses(6801))
    start = time.process_time()
    assert len(read_keypoint_csv(tmp_path / "k.csv")) == 6801
    assert time.process_time() - start < 1


@pytest.mark.parametrize("name", ["", "  ", "a\nb.jpg", "\udcff.jpg"])
def test_names_that_cannot_stand_in_the_file(tmp_path, name):
    with pytest.raises(UserError, match=r"k\.csv: .*rename"):
        write_keypoint_csv(tmp_path / "k.csv", {name: np.zeros((18, 3))})
    assert list(tmp_path.iterdir()) == []


def test_poses_that_cannot_be_written(tmp_path):
    with pytest.raises(ValueError, match=r"'a\.jpg' have shape \(17, 3\)"):
        write_keypoint_csv(tmp_path / "k.csv", {"a.jpg": np.zeros((17, 3))})
    with pytest.raises(ValueError, match="not finite"):
        write_keypoint_csv(tmp_path / "k.csv", {"a.jpg": np.full((18, 3), np.inf)})
    assert list(tmp_path.iterdir()) == []
