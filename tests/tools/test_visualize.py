import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from posegan_plugin.datasets import read_market_layout
from posegan_plugin.evaluation import top_matches
from posegan_plugin.evaluation.transfer_samples import read_images
from posegan_plugin.for_mmengine.figure_inputs import people_of
from posegan_plugin.for_mmengine.people_source import PeopleSource
from posegan_plugin.for_mmengine.pretrained import load_pretrained
from posegan_plugin.visualization import image_grid
from posegan_plugin.visualization.ranked_list import QUERY, RIGHT, WRONG

CELL = np.zeros((192, 96, 3), np.uint8)  # of an image of 32 x 16


@pytest.fixture
def root(tiny):
    return tiny.data_root / "procedural_people"


@pytest.fixture
def draw(command, root, tmp_path):
    """Runs a sub-command on the tiny people; the picture."""

    def run(what, *arguments, out="Bild 人.png"):
        path = tmp_path / "new" / out
        done = command("visualize", what, *arguments, "--root", root, "--out", path)
        assert (done.code, done.error) == (0, "")
        picture = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
        assert f"{path}: {picture.shape[1]} x {picture.shape[0]} pixels" in done.output
        return picture[..., ::-1]

    return run


@pytest.fixture
def refused(command, root, tmp_path):
    """Runs a sub-command that has to refuse; its one sentence."""

    def run(what, *arguments, out=None, people=None):
        path = out or tmp_path / "a.png"
        people = people or ("--root", root)
        done = command("visualize", what, *arguments, *people, "--out", path)
        assert done.code == 2
        assert done.error.startswith("error: ")
        assert done.error.count("\n") == 1
        assert not (tmp_path / "a.png").exists()
        return done.error

    return run


def test_several_checkpoints_side_by_side(draw, joint_run):
    both = joint_run.checkpoint, joint_run.work_dir
    picture = draw("transfer", *both, "--rows", 3, "--names", "erster", "人", "--seed", 1)
    assert picture.shape == image_grid([[CELL] * 6] * 3, ["title"] * 6, scale=1).shape
    columns = [picture[40:232, 6 + 102 * n : 102 + 102 * n] for n in range(6)]
    assert np.array_equal(columns[3], columns[4])  # the same networks
    assert len({column.tobytes() for column in columns}) == 5
    assert not np.array_equal(picture, draw("transfer", *both, "--rows", 3, "--seed", 2))


def test_people_in_many_poses(draw, joint_run):
    picture = draw("transfer", joint_run.checkpoint, "--rows", 2, "--poses", 4)
    expected = image_grid([[CELL] * 5] * 3, ["title"] * 5, ["x" * 50] * 3, scale=1)
    assert picture.shape[0] == expected.shape[0]
    left = picture.shape[1] - 5 * 102
    assert (picture[40:232, left : left + 96] == 255).all()  # above the conditions
    assert (picture[40:232, left + 102 : left + 198] == 0).all(axis=2).mean() > 0.5  # a pose


def test_masks(draw, joint_run):
    picture = draw("masks", joint_run.checkpoint, "--rows", 2)
    grid = image_grid([[CELL] * 8] * 2, ["PAAN 1: 0.00 to 1.00"] * 8, scale=1)
    assert picture.shape[1] >= grid.shape[1]  # a legend may be wider
    assert picture.shape[0] > grid.shape[0]
    cells = [picture[40:232, 6 + 102 * n : 102 + 102 * n] for n in range(8)]
    assert len({cell.tobytes() for cell in cells}) == 8


@pytest.fixture
def expected_matches(root, joint_run):
    """Matches of all queries, found without the figure's code."""
    run = load_pretrained(joint_run.checkpoint)
    dataset, num_query = people_of(PeopleSource("market_layout", str(root), None), (32, 16))
    features = run.describe(read_images(dataset, torch.arange(len(dataset))))
    split = [(v[:num_query], v[num_query:]) for v in (features, dataset.pids, dataset.camids)]
    return top_matches(*(part for pair in split for part in pair), k=4)[1]


def test_ranked_lists_are_those_of_the_network(draw, joint_run, root, expected_matches):
    count = len(read_market_layout(root).query)
    picture = draw("ranked", joint_run.checkpoint, "--queries", 99, "--top", 4)
    left, top = picture.shape[1] - 5 * 112, 40  # of the first frame
    assert expected_matches.any()
    assert not expected_matches.all()
    for row in range(count):
        frames = [tuple(picture[top + 221 * row, left + 112 * n].tolist()) for n in range(5)]
        expected = [RIGHT if match else WRONG for match in expected_matches[row]]
        assert frames == [QUERY, *expected]
    worst = draw("ranked", joint_run.checkpoint, "--queries", 1, "--top", 4, "--wrong-first")
    places = np.where(expected_matches.any(axis=1), expected_matches.argmax(axis=1), 4)
    frames = [tuple(worst[top, worst.shape[1] - 448 + 112 * n].tolist()) for n in range(4)]
    assert (frames.index(RIGHT) if RIGHT in frames else 4) == places.max()


def test_walk(draw, joint_run, tmp_path):
    gif = tmp_path / "Gang.gif"
    options = "--poses", 3, "--smooth", 2, "--gif", gif, "--person", 1
    strip = draw("walk", joint_run.checkpoint, *options)
    assert strip.shape[0] == image_grid([[CELL] * 4] * 2, ["title"] * 4, scale=1).shape[0]
    height, width = image_grid([[CELL] * 3], ["title"] * 3, scale=1).shape[:2]
    with Image.open(gif) as moving:
        assert (moving.n_frames, moving.size, moving.info["loop"]) == (6, (width, height), 0)
        assert moving.info["duration"] == 300


def test_strip_alone(draw, joint_run, tmp_path):
    draw("walk", joint_run.checkpoint, "--poses", 1)
    assert not list(tmp_path.rglob("*.gif"))


def test_poses(draw, root):
    picture = draw("poses", "--count", 5, "--columns", 2, "--worst-first", "--split", "test")
    assert picture.shape[1] == 2 * 134 + 6
    assert picture.shape[0] > 3 * (256 + 34 + 6)
    assert not np.array_equal(picture, draw("poses", "--count", 5, "--columns", 2))


def test_people_of_a_config(command, tiny, joint_run, tmp_path):
    people = "--config", tiny.config, "--root", tiny.data_root
    done = command(
        "visualize", "transfer", joint_run.checkpoint, *people, "--out", tmp_path / "a.png"
    )
    assert done.code == 0


@pytest.mark.parametrize("what", ["transfer", "masks", "walk"])
def test_people_without_key_points(refused, joint_run, root, tmp_path, what):
    for folder in ("bounding_box_train", "query", "bounding_box_test"):
        (tmp_path / "bare").mkdir(exist_ok=True)
        (tmp_path / "bare" / folder).symlink_to(root / folder)
    error = refused(what, joint_run.checkpoint, people=("--root", tmp_path / "bare"))
    assert "has no key point files" in error


def test_ranked_lists_need_no_key_points(command, joint_run, root, tmp_path):
    (tmp_path / "bare").mkdir()
    for folder in ("bounding_box_train", "query", "bounding_box_test"):
        (tmp_path / "bare" / folder).symlink_to(root / folder)
    people = "--root", tmp_path / "bare", "--out", tmp_path / "a.png"
    assert command("visualize", "ranked", joint_run.checkpoint, *people).code == 0


def test_too_few_joints(refused, joint_run):
    error = refused("transfer", joint_run.checkpoint, "--min-joints", 19)
    assert "at least 19 joints" in error
    assert "19 are needed" in refused(
        "walk", joint_run.checkpoint, "--person", 0, "--min-joints", 19
    )


def test_an_unknown_person(refused, joint_run):
    assert "no image nobody.png" in refused("walk", joint_run.checkpoint, "--person", "nobody.png")


def test_a_checkpoint_that_is_not_there(refused, tmp_path):
    assert "none.pth does not exist" in refused("masks", tmp_path / "none.pth")


@pytest.mark.parametrize("out", ["a.tif", "file/a.png", "folder.png"])
def test_places_that_cannot_be_written(refused, tmp_path, out):
    """Found before anything is loaded."""
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "folder.png").mkdir()
    assert str(tmp_path / out) in refused("ranked", "none.pth", out=tmp_path / out)


def test_a_moving_picture_that_is_none(refused, tmp_path):
    error = refused("walk", "none.pth", "--gif", tmp_path / "a.png")
    assert "end the name in .gif" in error


@pytest.mark.parametrize(
    "options",
    [("--rows", "0"), ("--rows", "many"), ("--poses", "-1"), ("--seed", "-1"), ("--what",)],
)
def test_wrong_options(command, tmp_path, options):
    done = command("visualize", "transfer", "demo", "--out", tmp_path / "a.png", *options)
    assert done.code == 2
    assert "Traceback" not in done.error


def test_names_have_to_fit(refused, joint_run):
    error = refused("transfer", joint_run.checkpoint, "--names", "a", "b")
    assert "2 names for 1 checkpoints" in error
