"""What ``tools/benchmark/reid_accuracy.py`` trains, without training it."""

import importlib
import json
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

pytest.importorskip("torchreid")

from posegan_plugin.datasets import read_market_layout
from posegan_plugin.errors import UserError


def test_families_have_the_same_number_of_trials(parts):
    """Scores that rise with every value make each axis move: the most trials there can be."""
    for preset in parts.presets.PRESETS.values():
        counts = {}
        for name in parts.families.FAMILIES:
            tried = []

            def run(setting, tried=tried):
                tried.append(setting)
                return {"scores": {"mAP": float(len(tried))}}

            found = parts.search.search(name, preset, run)
            assert [s for s, _ in found.trials] == tried
            assert len(set(tried)) == len(tried)
            counts[name] = len(tried)
            assert found.best == tried[-1]
        # One start, then the other values of three axes.
        assert set(counts.values()) == {1 + len(preset.lrs) - 1 + 2 + 1}


def test_search_keeps_the_best_of_each_axis(parts):
    preset = parts.presets.PRESETS["small"]

    def run(setting):
        value = -abs(setting.lr - 3e-3) * 1000 + setting.epochs - 100 * setting.erase
        return {"scores": {"mAP": value}}

    best = parts.search.search("softmax", preset, run).best
    assert best == parts.presets.Setting(3e-3, 80, erase=False, knob=None)
    equal = parts.search.search("online", preset, lambda setting: {"scores": {"mAP": 1.0}})
    assert equal.best == parts.search.start(parts.families.FAMILIES["online"], preset)


def test_key_points_of_a_relative_folder(parts, people, monkeypatch):
    monkeypatch.chdir(people.root.parent)
    (file, *_) = parts.people.People(Path(people.root.name)).keypoints
    assert Path(file).is_absolute()
    assert file in people.keypoints


def test_held_out_people(parts, people, tmp_path):
    root = tmp_path / "held_out"
    found = parts.people.held_out_people(people, root)
    whole, part = read_market_layout(people.folder), read_market_layout(found.folder)
    # Of 15 people in 2 cameras with 2 images each, 3 are held out.
    assert (len(part.train), len(part.query), len(part.gallery)) == (12 * 4, 3 * 2, 3 * 2)
    names = [
        {Path(p.path).name for p in people}
        for people in (part.train, part.query, part.gallery, whole.train)
    ]
    assert names[0] | names[1] | names[2] == names[3]
    assert not {n[:4] for n in names[0]} & {n[:4] for n in names[1] | names[2]}
    assert len(found.keypoints) == 2
    assert parts.people.held_out_people(people, root).digest == found.digest != people.digest


def test_only_image_of_a_camera_is_no_query(parts):
    person = lambda name, camera: parts.people.Person(name, 0, camera)  # noqa: E731
    divided = parts.people._divided([person("a", 0), person("b", 0), person("c", 1)])
    assert [(split, p.path) for split, p in divided] == [
        ("query", "a"),
        ("bounding_box_test", "b"),
        ("bounding_box_test", "c"),
    ]


def test_market_layout_anywhere(parts, people, tmp_path):
    preset = parts.presets.PRESETS["tiny"]
    indirect = people.root / ".." / people.root.name
    for number, data_root in enumerate((people.folder, people.root, indirect)):
        work = tmp_path / str(number)
        for _ in range(2):
            found = parts.people.find_people("market", data_root, preset, work)
            assert found.digest == people.digest
    other = tmp_path / "other" / "bounding_box_train"
    other.mkdir(parents=True)
    with pytest.raises(UserError, match="another --work-dir"):
        parts.people.find_people("market", other.parent, preset, work)
    with pytest.raises(UserError, match="no key points"):
        parts.people.find_people("market", other.parent, preset, tmp_path / "new")


def test_a_folder_that_torchreid_would_misread(parts, people, tmp_path):
    preset = parts.presets.PRESETS["tiny"]
    with pytest.raises(UserError, match="a folder without one"):
        parts.people.find_people("market", people.root, preset, tmp_path / "run3_c2" / "work")


def test_other_key_points_are_other_people(parts, people, tmp_path):
    copy = parts.people.People(tmp_path)
    shutil.copytree(people.folder, copy.folder)
    assert copy.digest == people.digest
    file = Path(copy.keypoints[0])
    file.write_text(file.read_text().replace("1", "2"))
    assert parts.people.People(tmp_path).digest != people.digest


def test_generators(parts):
    needs = {name for name in parts.rows.ROWS if parts.rows.needs_generator(name)}
    has = {name for name in parts.rows.ROWS if parts.rows.has_generator(name)}
    assert needs == {n for n, r in parts.rows.ROWS.items() if r.family in ("online", "offline")}
    assert has == {n for n, r in parts.rows.ROWS.items() if r.family in ("joint", "correspondence")}


@pytest.fixture
def pretended(parts, monkeypatch, tmp_path):
    """Runs the whole tool with trainings that only say what they would have been; what it asked for."""
    tool = importlib.import_module("reid_accuracy")

    def run(*options, slow=False):
        asked = []

        def result(self, name, seed, settings, poses=()):
            setting = settings[parts.rows.ROWS[name].family]
            asked.append((name, seed, setting))
            value = 50 + (setting.lr == 1e-3) + setting.epochs + 5 * (name == "triplet")
            return {
                **{"row": name, "label": name, "seed": seed, "setting": vars(setting), "poses": {}},
                "hardware": "a slide rule" if name == "triplet" and slow else "an abacus",
                "versions": f"Python 3, torch {seed - 1}",
                "date": "2026-01-02" if seed == 4 else "2026-01-01",
                **{"seconds": setting.epochs * (30 if name == "triplet" else 20), "steps": 1},
                "scores": dict.fromkeys(("R1", "R5", "R10", "mAP", "mINP"), value),
            }

        monkeypatch.setattr(parts.runs.Runs, "result", result)
        places = ("--work-dir", str(tmp_path), "--out", str(tmp_path))
        line = ["x", "--preset", "tiny", "--rows", "softmax", "triplet", "--epochs", "2", "4", "6"]
        monkeypatch.setattr(sys, "argv", [*line, *places, *options])
        tool.Benchmark(tool.parse_args()).run()
        path = tmp_path / "reid_accuracy_procedural_tiny"
        return asked, json.loads(path.with_suffix(".json").read_text()), path.with_suffix(".md")

    return run


def test_search_and_equal_time(pretended):
    asked, numbers, path = pretended("--seeds", "3", "4", "--equal-time", "softmax")
    trials, rows, equal = asked[:10], asked[10:14], asked[14:]
    assert {(name, seed) for name, seed, _ in trials} == {("softmax", 1000), ("triplet", 1000)}
    assert [(name, seed, s.lr, s.epochs) for name, seed, s in rows] == [
        (name, seed, 1e-3, 6) for seed in (3, 4) for name in ("softmax", "triplet")
    ]
    assert [(name, s.epochs) for name, _, s in equal] == [("softmax", 6), ("triplet", 4)] * 2
    assert numbers["search"]["triplet"]["best"]["lr"] == 1e-3
    assert len(numbers["search"]["triplet"]["trials"]) == 5
    assert len(numbers["rows"]) == len(numbers["equal_time"]) == 4
    text = path.read_text()
    assert text.count("| best |") == 2
    # Gains are over the better of the toolbox's own rows.
    assert "| -5.0 | -5.0 |" in text
    assert "Equal time of training:" in text
    assert (
        "--equal-time softmax`, an abacus, Python 3, torch 2 and 3, 2026-01-01 to 2026-01-02."
        in text
    )


def test_seconds_of_two_machines_are_not_compared(pretended):
    with pytest.raises(UserError, match="trained on an abacus and a slide rule"):
        pretended("--seeds", "3", "--equal-time", "softmax", slow=True)


def test_tuning_the_baseline_alone(pretended):
    asked, numbers, path = pretended("--seeds", "3", "--tune", "baseline")
    assert [(name, seed) for name, seed, _ in asked] == [
        *[("softmax", 1000)] * 5,
        ("softmax", 3),
        ("triplet", 3),
    ]
    assert [(s.lr, s.epochs, s.erase, s.knob) for *_, s in asked[5:]] == [
        (1e-3, 6, False, None),
        (1e-3, 6, False, 1.0),
    ]
    assert list(numbers["search"]) == ["softmax"]
    assert "--tune baseline`" in path.read_text()


def test_tables_go_into_the_docs_when_asked(parts, monkeypatch, tmp_path):
    tool = importlib.import_module("reid_accuracy")
    page = tmp_path / "page.md"
    page.write_text("<!-- table: rows -->\nold\n<!-- end of table -->\n")
    monkeypatch.setattr(tool, "PAGES", (page,))
    write = lambda args: (args.out / "rows.md").write_text("new\n")  # noqa: E731
    monkeypatch.setattr(tool, "Benchmark", lambda args: SimpleNamespace(run=lambda: write(args)))
    for options, shown in ((), "old"), (("--docs",), "new"):
        monkeypatch.setattr(
            sys, "argv", ["x", "--out", str(tmp_path), "--rows", "softmax", *options]
        )
        tool.main()
        assert page.read_text() == f"<!-- table: rows -->\n{shown}\n<!-- end of table -->\n"
