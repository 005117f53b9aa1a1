import json
import shutil
import time
from pathlib import Path

import pytest
import torch
from torch import distributed, nn

from posegan_plugin.checkpoint import check_state, read_checkpoint
from posegan_plugin.comparison import differing_entries
from posegan_plugin.for_mmengine import SeparateDDP
from posegan_plugin.for_mmengine.distributed import TransparentDDP
from posegan_plugin.training import unwrap

FOLDER = Path(__file__).parent


@pytest.fixture(scope="module")
def two_processes(tiny, tmp_path_factory):
    """A joint training by two processes, of which the test set does not divide evenly."""
    folder = tmp_path_factory.mktemp("two")
    people = shutil.copytree(tiny.data_root / "procedural_people", folder / "people")
    next((people / "bounding_box_test").iterdir()).unlink()  # 23 are left
    (folder / "config.py").write_text(
        f"_base_ = [{str(tiny.config)!r}]\n"
        "custom_imports = dict(imports=['distributed_probes'])\n"
        "custom_hooks = [*_base_.custom_hooks, dict(type='Probe')]\n"
        "val_evaluator = dict(type='CountingMetric')\n"
        "default_hooks = dict(checkpoint=dict(save_best='transfer/SSIM'))\n"
        "_source = dict(_delete_=True, name='market_layout', folder='people')\n"
        f"_people = dict(source=_source, data_root={str(folder)!r})\n"
        "train_dataloader = dict(dataset=_people)\n"
        "val_dataloader = dict(dataset=_people)\n"
        "test_dataloader = val_dataloader\n"
    )
    done, work_dir = start(tiny, folder)
    assert done.returncode == 0, done.stderr
    return folder, work_dir, [torch.load(work_dir / f"rank{r}.pt") for r in range(2)]


def start(tiny, folder, config="config.py", **options):
    return tiny.start(
        "train",
        config=folder / config,
        python=("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"),
        path=[FOLDER],
        launcher="pytorch",
        epochs=1,
        options={"model.objective.adversarial_ramp": "(0,0)"},
        **options,
    )


def test_ranks_saw_different_people_and_hold_the_same_weights(two_processes):
    first, second = two_processes[2]
    assert len(first["rows"]) == len(second["rows"]) == 4  # 9 batches an epoch
    assert all(not set(a) & set(b) for a, b in zip(first["rows"], second["rows"], strict=True))
    assert list(first["state"]) == list(second["state"])
    assert all(torch.equal(v, second["state"][k]) for k, v in first["state"].items())


def test_all_wait_with_the_generator_for_a_process_that_has_no_pairs(two_processes):
    first, second = two_processes[2]
    assert first["logged"] == second["logged"]
    assert ["loss_R" in names for names in first["logged"]] == [True, False, True, True]


@pytest.fixture(scope="module")
def stopped(two_processes, tiny, tmp_path_factory):
    """The same training, of which one process got a signal."""
    folder = two_processes[0]
    return start(tiny, folder, probe(folder, stop=2), work_dir=tmp_path_factory.mktemp("stopped"))


@pytest.fixture(scope="module")
def killed(two_processes, stopped, tiny, tmp_path_factory):
    """It was resumed, and one process was killed; how all ended, in which work dir, and how soon."""
    folder = two_processes[0]
    work_dir = shutil.copytree(stopped[1], tmp_path_factory.mktemp("killed") / "run")
    done, _ = start(tiny, folder, probe(folder, kill=3), work_dir=work_dir, resume=True)
    return done, work_dir, time.time() - (work_dir / "killed").stat().st_mtime


def probe(folder, **options):
    """A config whose probe does something."""
    path = folder / f"{next(iter(options))}.py"
    arguments = ", ".join(f"{k}={v}" for k, v in options.items())
    text = (folder / "config.py").read_text()
    path.write_text(text.replace("type='Probe'", f"type='Probe', {arguments}"))
    return path.name


def test_a_signal_to_one_stops_all(stopped, tiny, capsys):
    done, work_dir = stopped
    assert done.returncode != 0
    path = work_dir / "epoch_0_batch_3.pth"
    message = f"interrupted in epoch 1 after 3 of 4 batches, saved in {path}; go on with: the same"
    assert done.stderr.count(message) == 1
    with pytest.raises(SystemExit):
        tiny.run("train", work_dir=work_dir, resume=True, epochs=1)
    assert "saved by 2 processes in the middle of an epoch" in capsys.readouterr().err


def test_a_kill_of_one_ends_all(stopped, killed):
    """Soon, and what was saved before is all that is there."""
    done, work_dir, seconds = killed
    assert done.returncode != 0
    assert "exitcode  : -9" in done.stderr
    assert seconds < 90  # torchrun gives the others 30; a hang would take 30 minutes
    written = [p.name for p in work_dir.iterdir() if p.suffix in (".pth", ".tmp")]
    assert written == ["epoch_0_batch_3.pth"]
    assert differing_entries(read_checkpoint(stopped[1]), read_checkpoint(work_dir)) == []


def test_nothing_is_lost_by_signals_and_kills(two_processes, killed, tiny, tmp_path):
    folder, whole, _ = two_processes
    work_dir = shutil.copytree(killed[1], tmp_path / "run")
    done, _ = start(tiny, folder, work_dir=work_dir, resume=True)
    assert done.returncode == 0, done.stderr
    expected, found = (read_checkpoint(f / "epoch_1.pth") for f in (whole, work_dir))
    assert differing_entries(expected["state_dict"], found["state_dict"]) == []
    assert differing_entries(expected["optimizer"], found["optimizer"]) == []


def test_every_network_was_trained(two_processes):
    start, state = two_processes[2][0]["start"], two_processes[2][0]["state"]
    for name in ("reid", "generator", "appearance_discriminator", "pose_discriminator"):
        own = [k for k in state if k.startswith(f"{name}.") and k.endswith("weight")]
        assert own
        assert any(not torch.equal(state[k], start[k]) for k in own)


def test_checkpoint_knows_no_wrappers(two_processes):
    _, work_dir, (first, _) = two_processes
    state = torch.load(work_dir / "epoch_1.pth", weights_only=True)["state_dict"]
    assert list(state) == list(first["state"])
    assert not [k for k in state if "module." in k]


def test_all_processes_know_the_best_score(two_processes):
    """The generator's are found by the first process alone."""
    _, work_dir, _ = two_processes
    assert (work_dir / "best_transfer_SSIM_epoch_1.pth").is_file()


def test_one_process_finds_the_same_scores(two_processes, tiny):
    folder, work_dir, _ = two_processes
    metrics = json.loads((work_dir / "metrics.json").read_text())
    assert not (tiny.folder / ".dist_test").exists()  # where the tool was started
    assert metrics.pop("reid/n") == metrics.pop("reid/different") == 23
    config = folder / "alone.py"
    text = (folder / "config.py").read_text().splitlines()
    config.write_text("\n".join(t for t in text if not t.startswith(("custom", "val_evaluator"))))
    alone = tiny.run("test", work_dir, config=config).metrics
    # torchrun gives each process one thread: sums over pixels differ in the last bits of float32.
    assert alone == pytest.approx(metrics, rel=1e-5, abs=1e-6)
    assert {k: v for k, v in alone.items() if k.startswith("reid/")} == {
        k: v for k, v in metrics.items() if k.startswith("reid/")
    }


class Pair(nn.Module):
    """A model of one trained network, one that is not, and one that is not there."""

    trained_networks = ("first",)

    def __init__(self):
        super().__init__()
        self.first = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
        self.second = nn.Linear(3, 1).requires_grad_(False)
        self.third = None


@pytest.fixture
def group(tmp_path):
    distributed.init_process_group(
        "gloo", init_method=f"file://{tmp_path / 'store'}", rank=0, world_size=1
    )
    yield
    distributed.destroy_process_group()


def test_only_trained_networks_are_wrapped(group):
    wrapped = SeparateDDP(Pair())
    assert isinstance(wrapped.module.first, TransparentDDP)
    assert type(wrapped.module.second) is nn.Linear
    assert wrapped.module.third is None


def test_state_goes_both_ways_between_wrapped_and_plain(group):
    plain, wrapped = Pair(), SeparateDDP(Pair())
    assert list(wrapped.module.state_dict()) == list(plain.state_dict())
    wrapped.module.load_state_dict(plain.state_dict())
    assert all(
        torch.equal(v, plain.state_dict()[k]) for k, v in wrapped.module.state_dict().items()
    )
    plain.second.weight.data += 1
    plain.first[0].weight.data += 1
    plain.load_state_dict(wrapped.module.state_dict())
    assert torch.equal(plain.first[0].weight, wrapped.module.first.module[0].weight)
    assert torch.equal(plain.second.weight, wrapped.module.second.weight)


def test_missing_entries_are_noticed(group):
    wrapped = SeparateDDP(Pair())
    state = wrapped.module.state_dict()
    del state["first.0.weight"]
    with pytest.raises(RuntimeError, match="Missing key"):
        wrapped.module.load_state_dict(state)


def test_state_of_a_wrapped_model_passes_the_check(group):
    check_state(unwrap(SeparateDDP(Pair())), Pair().state_dict(), "checkpoint")
