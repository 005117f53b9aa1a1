import json
import shutil

import pytest

from posegan_plugin.pose import FLIP_ORDER, read_keypoint_csv, write_keypoint_csv


@pytest.fixture
def check(command):
    """Runs the tool: exit code, what it printed, and its last error line."""

    def run(*line):
        done = command("check_dataset", *line)
        return done.code, done.output, done.error.splitlines()[-1] if done.error else ""

    return run


@pytest.fixture
def root(tiny, tmp_path):
    """A copy of the people to be damaged."""
    return shutil.copytree(tiny.data_root / "procedural_people", tmp_path / "people")


def state(folder):
    return {p: (p.stat().st_mtime_ns, p.stat().st_size) for p in folder.rglob("*")}


def damage(root):
    """One fault of each kind that --fix mends."""
    train = sorted((root / "bounding_box_train").iterdir())
    train[0].write_bytes(b"")
    train[1].rename(root / "bounding_box_train" / "someone.jpg")
    (root / "query" / train[2].name).write_bytes(train[2].read_bytes())
    path = root / "market-annotation-train.csv"
    poses = read_keypoint_csv(path)
    poses[train[3].name][4] = (50, 3, 1)
    write_keypoint_csv(path, {name: pose[list(FLIP_ORDER)] for name, pose in poses.items()})


def test_clean(check, root):
    before = state(root)
    code, out, _ = check("--root", root)
    assert code == 0
    assert out.endswith("errors: 0, warnings: 0\n")
    assert state(root) == before


def test_training_set_alone(check, root):
    """As synthesize.py leaves it where the people have no query and gallery."""
    for folder in ("query", "bounding_box_test"):
        shutil.rmtree(root / folder)
    (root / "market-annotation-test.csv").unlink()
    shutil.copy(next((root / "bounding_box_train").iterdir()), root / "preview.png")
    code, out, _ = check("--root", root)
    assert (code, out.splitlines()[-1]) == (0, "errors: 0, warnings: 0")


@pytest.mark.parametrize("option", [(), ("--config",)])
def test_config(check, tiny, option):
    code, out, _ = check(*option, tiny.config, "--root", tiny.data_root)
    assert code == 0
    assert out.startswith("procedural_people\n")


def test_min_joints_of_the_command_line_or_the_config(check, tiny, tmp_path):
    assert "below 14 joints" in check(tiny.config, "--root", tiny.data_root, "--min-joints", 14)[1]
    (tmp_path / "own.py").write_text(
        f"_base_ = [{str(tiny.config)!r}]\nmodel = dict(augment=dict(min_joints=7))\n"
    )
    assert "below 7 joints" in check(tmp_path / "own.py", "--root", tiny.data_root)[1]


def test_baseline_needs_no_key_points(check, tiny, root, tmp_path):
    for path in root.glob("*.csv"):
        path.unlink()
    source = "dict(_delete_=True, name='market_layout')"
    for mode, expected in (("baseline", 0), ("joint", 1)):
        (tmp_path / f"{mode}.py").write_text(
            f"_base_ = [{str(tiny.config)!r}]\nmodel = dict(mode={mode!r})\n"
            f"train_dataloader = dict(dataset=dict(source={source}))\n"
        )
        code, out, _ = check(tmp_path / f"{mode}.py", "--root", root)
        assert (code, "no key points" in out) == (expected, bool(expected))


def test_json(check, root, tmp_path):
    next((root / "query").iterdir()).write_bytes(b"")
    code, _, _ = check("--root", root, "--json", tmp_path / "found.json")
    assert code == 1
    content = json.loads((tmp_path / "found.json").read_text())
    assert [f["check"] for f in content["findings"]] == ["unreadable images"]
    assert content["statistics"]["train"]["images"] == 72


def test_fix(check, root, tmp_path):
    damage(root)
    before = state(root)
    code, out, _ = check("--root", root, "--fix", tmp_path / "fixed")
    assert code == 1
    assert state(root) == before
    for line in (
        "1 unreadable images left out",
        "1 wrongly named files left out",
        "1 duplicates left out",
        "1 joints outside the image left out",
    ):
        assert line in out
    assert "not mended" not in out
    again = out.split("to be used as ")[1].split()
    assert again[:2] == ["--root", str(tmp_path / "fixed" / "people.csv")]
    code, out, _ = check(*again)
    assert code == 0
    assert "errors: 0" in out


def test_fix_of_a_list_with_relative_and_absolute_paths(check, root, tmp_path, monkeypatch):
    """And with a file name that several images share, so that their folders are part of the names."""
    monkeypatch.chdir(tmp_path)
    train = sorted((root / "bounding_box_train").iterdir())
    poses = read_keypoint_csv(root / "market-annotation-train.csv")
    known, rows = {}, ["split,path,pid,camid"]
    for folder, source, place in (("a", train[0], ""), ("b", train[12], f"{tmp_path}/people/")):
        (root / folder).mkdir()
        shutil.copy(source, root / folder / "x.jpg")
        known[f"{folder}/x.jpg"] = poses[source.name]
        rows.append(f"train,{place}{folder}/x.jpg,{len(rows)},0")
    (root / "people.csv").write_text("\n".join(rows))
    write_keypoint_csv(tmp_path / "known.csv", known)
    line = ("--root", "people/people.csv", "--keypoints", "known.csv")
    assert check(*line, "--fix", "fixed")[0] == 0
    found = read_keypoint_csv("fixed/keypoints.csv")
    assert list(found) == ["people/a/x.jpg", "people/b/x.jpg"]
    assert check("--root", "fixed/people.csv", "--keypoints", "fixed/keypoints.csv")[0] == 0


def test_fix_that_cannot_mend_all(check, root, tmp_path):
    for path in root.glob("*.csv"):
        write_keypoint_csv(path, {n: p[::-1] for n, p in read_keypoint_csv(path).items()})
    code, out, _ = check("--root", root, "--fix", tmp_path / "fixed")
    assert code == 1
    assert "not mended: no key points (96)" in out
    assert [p.name for p in (tmp_path / "fixed").iterdir()] == ["people.csv"]


def test_fix_replaces_no_file(check, root, tmp_path):
    (tmp_path / "keypoints.csv").write_text("mine")
    code, _, error = check("--root", root, "--fix", tmp_path)
    assert code == 2
    assert "keypoints.csv exists there" in error
    assert (tmp_path / "keypoints.csv").read_text() == "mine"
    assert not (tmp_path / "people.csv").exists()


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ([], "name the people"),
        (["nowhere.py"], "nowhere.py does not exist"),
        (["--root", "nowhere"], "nowhere is not a folder"),
        (["--root", "ROOT", "--dataset", "market1500"], "'market1500' is neither"),
        (["--root", "ROOT", "--dataset", "market1501"], "bounding_box_train is not a folder"),
        (["--root", "ROOT", "--keypoints", "nowhere.csv"], "nowhere.csv does not exist"),
        (["--root", "ROOT", "--min-joints", "0"], "--min-joints 0"),
        (["--root", "ROOT", "--json", "ROOT"], "this is a folder"),
    ],
)
def test_mistakes_on_the_command_line(check, root, line, part):
    code, _, error = check(*(root if part == "ROOT" else part for part in line))
    assert code == 2
    assert error.startswith("error: ")
    assert part in error
