"""Small runs of the speed benchmarks: what they say, not how fast it is."""

import re

import pytest

pytest.importorskip("torchreid")


def test_generator(run):
    content, rows = run("generator", "--batches", 1)
    assert [(r["precision"], r["batch"]) for r in rows] == [("float32", 1), ("bfloat16 AMP", 1)]
    for row in rows:
        ratio = row["ours, images/s"] / row["patn, images/s"]
        assert row["ours : PATN"] == pytest.approx(ratio)
    assert re.search(r"ours 3\.25, .*patn 22\.76$", content["notes"][0])


def test_pose_maps(run):
    _, rows = run("pose_maps")
    assert [r["batch"] for r in rows] == [16, 64, 256]
    for row in rows:
        assert row["stored : drawn"] == pytest.approx(row["stored, ms"] / row["drawn, ms"])
        assert row["drawn, MB on disk"] == 0
        # 18 maps of 128 x 64 float32 and numpy's header, for each image.
        assert row["stored, MB on disk"] == row["batch"] * (18 * 128 * 64 * 4 + 128) / 1e6


def test_ranking(load):
    ranking = load("ranking")
    row = dict(zip(ranking.COLUMNS, ranking.row(20, 300, 1, "cpu"), strict=True))
    assert row["CMC"] == "equal" and row["mAP differs by"] < 1e-12
    assert row["query x gallery"] == "20 x 300"
    ratio = row["torchreid's ranking, s"] / row["ranking alone, s"]
    assert row["ranking alone, torchreid : ours"] == pytest.approx(ratio)
    assert row["ranking alone, ns a pair"] == pytest.approx(
        1e9 * row["ranking alone, s"] / (20 * 300)
    )


def test_loader(run):
    _, rows = run("loader", "--sizes", 130)
    assert [(r["cache"], r["files"]) for r in rows] == [
        ("False", "130"),
        ("memory", "130"),
        ("device", "130"),
    ]
    assert [r["kept, MB"] for r in rows] == [0, *[130 * 128 * 64 * 3 / 1e6] * 2]
    for row in rows:
        ratio = row["ours, images/s"] / row["torchreid, images/s"]
        assert row["ours : torchreid"] == pytest.approx(ratio)


def test_start_up(load, monkeypatch, tmp_path, capsys):
    startup = load("startup")
    monkeypatch.setattr(
        startup, "IMPORTS", {"torchreid": "import json", "more": "import numpy.linalg"}
    )
    monkeypatch.setattr(startup, "HEAVY", ("numpy.linalg", "csv"))
    monkeypatch.setattr("sys.argv", ["startup.py", "--repeats", "1", "--out", str(tmp_path)])
    startup.main()
    first, second = capsys.readouterr().out.splitlines()[4:6]
    assert first.startswith("| 1 | import json |") and first.endswith("| 0 | none |")
    assert second.endswith("| numpy.linalg |")
