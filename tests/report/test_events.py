import pytest
from torch.utils.tensorboard import SummaryWriter

from posegan_plugin.report.events import event_files, read_events, score_name
from posegan_plugin.report.scalars import Start, merge


@pytest.fixture
def written(tmp_path):
    """Writes an event file of (tag, step, value)."""

    def write(*events):
        with SummaryWriter(tmp_path) as writer:
            for tag, step, value in events:
                writer.add_scalar(tag, value, step)
        (path,) = event_files(tmp_path)
        return path

    return write


def test_torchreid_counts_from_zero(written):
    path = written(
        ("Train/loss_x", 16, 2.5),
        ("Train/loss_x", 17, 2.25),
        ("Train/lr", 17, 0.5),
        ("Test/market1501/rank1", 4, 0.25),
        ("Test/market1501/mAP", 4, 0.125),
    )
    found = read_events(path)
    assert found.training == {"loss_x": {17: 2.5, 18: 2.25}, "lr": {18: 0.5}}
    assert found.evaluation == {"reid/R1": {5: 25.0}, "reid/mAP": {5: 12.5}}
    assert found.starts == [Start(16)]


def test_torchreid_with_several_targets(written):
    found = read_events(written(("Test/a/rank1", 0, 0.5), ("Test/b/rank1", 0, 0.25)))
    assert found.evaluation == {"reid/R1 a": {1: 50.0}, "reid/R1 b": {1: 25.0}}
    assert score_name("mAP", "a", 1) == "reid/mAP"


def test_mmengine_without_local_back_end(written):
    path = written(
        ("loss", 10, 2.5),
        ("reid.lr", 10, 0.5),
        ("epoch", 10, 1),
        ("time", 1, 9),
        ("reid/R1", 1, 50),
    )
    found = read_events(path)
    assert found.training == {"loss": {10: 2.5}, "reid.lr": {10: 0.5}}
    assert found.evaluation == {"reid/R1": {1: 50.0}}
    assert found.starts == []


def test_another_programs_file_can_be_merged(written):
    """Without torchreid's tags nobody knows where it began."""
    found = merge([read_events(written(("loss", 10, 2.5), ("loss", 20, 2.25)))])
    assert found.training == {"loss": {10: 2.5, 20: 2.25}}


def test_all_events_are_kept(written):
    found = read_events(written(*(("Train/loss", step, step) for step in range(10500))))
    assert len(found.training["loss"]) == 10500


def test_cut_off_file(written):
    path = written(("Train/loss", 0, 1.5), ("Train/loss", 1, 2.5))
    path.write_bytes(path.read_bytes()[:-5])
    assert read_events(path).training == {"loss": {1: 1.5}}


def test_files_in_the_order_in_which_they_were_begun(tmp_path):
    names = ["9.host1.7.0", "10.host1.7.9", "10.host1.7.10", "11.host1.7.1"]
    for name in reversed(names):
        (tmp_path / f"events.out.tfevents.{name}").touch()
    (tmp_path / "other.txt").touch()
    assert [p.name for p in event_files(tmp_path)] == [f"events.out.tfevents.{n}" for n in names]
    assert event_files(tmp_path / "missing") == []
