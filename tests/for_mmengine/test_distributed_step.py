"""Two processes make the step that one would make with both their batches."""

from pathlib import Path

import pytest
import torch
from mmengine.logging import MessageHub
from torch import nn

from posegan_plugin.checkpoint import read_checkpoint
from posegan_plugin.comparison import differing_entries
from posegan_plugin.for_mmengine import MultiOptimWrapperConstructor
from posegan_plugin.for_mmengine.config import load_config, prepare_for_dataset
from posegan_plugin.registry import MODELS

FOLDER = Path(__file__).parent
TERMS = {f"loss_{n}" for n in ("id", "quartet", "R", "S", "G_I", "G_P", "D_I", "D_P")}
ROUNDING = 1e-12  # of float64, with room for thousands of additions in another order
NETWORKS = ("reid", "generator", "appearance_discriminator", "pose_discriminator")
# What must hold for the means over two halves to be the mean over the whole: nothing is drawn at
# random (K = 2 images of a person leave one choice of a pair), the halves have as many real and
# as many generated people, and no norm looks at the batch. All terms are on. SGD, since Adam's
# first step is the gradient's sign, also where the gradient is 0 but for rounding. With this seed the
# first two batches share no person.
CONFIG = """
_base_ = [{base!r}]
custom_imports = dict(imports=["distributed_probes"])
custom_hooks = [*_base_.custom_hooks, dict(type="FirstStepProbe")]
model = dict(
    type="DoublePoseGANReID",
    data_preprocessor=dict(type="ReIDDataPreprocessor", flip=0.0),
    reid=dict(dropout=0.0),
    reid_input=dict(crop=0.0),
    objective=dict(
        weights=dict(_delete_=True),
        adversarial_ramp=(0, 0),
        semantic_ramp=(0, 0),
        quartet_ramp=(0, 0),
        semantic_through="both",
        quartet=dict(mining="hard"),
    ),
    augment=dict(ratio=1.0, warmup=0.0, min_joints=1),
    reid_to_generator=True,
    max_pairs=None,
)
_sgd = dict(type="OptimWrapper", optimizer=dict(_delete_=True, type="SGD", lr=0.01))
optim_wrapper = dict(
    reid=_sgd, generator=_sgd, appearance_discriminator=_sgd, pose_discriminator=_sgd
)
param_scheduler = []
randomness = dict(seed=4)
"""


class OfTwoHalves(nn.Module):
    """The mean of the quartet losses of two halves of a batch, which share no person."""

    def __init__(self, loss, first):
        super().__init__()
        self.loss = loss
        self.first = first

    def forward(self, embeddings, pids, weights):
        half = torch.isin(pids, self.first)
        parts = [self.loss(embeddings[h], pids[h], weights=weights[h]) for h in (half, ~half)]
        return (parts[0] + parts[1]) / 2


@pytest.fixture(scope="module")
def probes():
    """The module that the processes import."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(FOLDER)
        import distributed_probes

        yield distributed_probes


@pytest.fixture(scope="module")
def two(tiny, tmp_path_factory):
    """How two processes ended, the config, the work dir, and what each knows of its first step."""
    folder = tmp_path_factory.mktemp("step")
    config = folder / "config.py"
    config.write_text(CONFIG.format(base=str(tiny.config)))
    done, work_dir = tiny.start(
        "train",
        config=config,
        python=("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"),
        path=[FOLDER],
        launcher="pytorch",
    )
    assert (work_dir / "rank1.pt").is_file(), done.stderr
    return done, config, work_dir, [torch.load(work_dir / f"rank{r}.pt") for r in range(2)]


@pytest.fixture(scope="module")
def one(two, tiny, probes):
    """The same step by one process, with the batches of both."""
    _, path, _, ranks = two
    config = load_config(str(path), None, str(tiny.data_root))
    prepare_for_dataset(config)
    model = MODELS.build(config.model)
    model.load_state_dict(ranks[0]["start"])
    model.train()
    probes.no_batch_statistics(model)
    batches = [r["batch"] for r in ranks]
    assert not torch.isin(batches[0]["pid"], batches[1]["pid"]).any()
    objective = model.reid_objective
    objective.quartet = OfTwoHalves(objective.quartet, batches[0]["pid"])
    names = {k: v for k, v in config.optim_wrapper.items() if isinstance(v, dict)}
    wrappers = MultiOptimWrapperConstructor(names)(model)
    gradients = {}
    probes.record_gradients(wrappers, gradients)
    hub = MessageHub.get_instance("test_distributed_step")
    hub.update_info("iter", 0)
    outputs = model.train_step(
        {k: torch.cat([b[k] for b in batches]) for k in batches[0]}, wrappers
    )
    return {"gradients": gradients, "state": probes.copied(model), "outputs": outputs}


def difference(found, expected):
    """The largest one, in units of the largest number that is expected."""
    pairs = list(zip(found, expected, strict=True))
    return max((f - e).abs().max() for f, e in pairs) / max(e.abs().max() for _, e in pairs)


@pytest.mark.parametrize("network", NETWORKS)
def test_first_step(two, one, network):
    """Gradients, and the weights after it."""
    names = [k for k, v in one["state"].items() if k.startswith(network) and v.is_floating_point()]
    expected = [one["state"][n] for n in names]
    for rank in two[3]:
        found = rank["gradients"][network]
        assert len(found) > 4
        assert difference(found, one["gradients"][network]) < ROUNDING
        assert difference([rank["state"][n] for n in names], expected) < ROUNDING
        assert difference([rank["start"][n] for n in names], expected) > 1e-4  # it has moved


def test_losses_of_the_halves(two, one):
    """Each process has its own; their mean is that of the whole batch."""
    first, second = (r["outputs"] for r in two[3])
    assert TERMS <= first.keys() == one["outputs"].keys()
    for name in TERMS:
        assert first[name] != second[name]
        mean = (first[name].item() + second[name].item()) / 2
        assert mean == pytest.approx(one["outputs"][name].item(), rel=ROUNDING)


def test_nan_in_one_process_ends_all(two):
    """Each names the term and the process, and that process names its images."""
    done, _, work_dir, ranks = two
    assert done.returncode != 0
    found = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    start = "error: loss_id is nan in process 1 in epoch 1, batch 2, which changed no weight; "
    short, long = sorted(found, key=len)
    assert short == f"{start}the message of process 1 says more"
    assert long.startswith(f"{start}look at its images")
    assert "RuntimeError" not in done.stderr  # that of a process left alone
    path = work_dir / "debug_epoch_1_batch_2.pth"
    assert long.endswith(str(path))
    state = read_checkpoint(path)
    assert all(file in long for file in state["fault"]["files"])
    # The discriminators make their step before the others have a loss.
    expected = {k: v for k, v in ranks[1]["state"].items() if "discriminator" not in k}
    assert differing_entries(expected, {k: state["state_dict"][k] for k in expected}) == []
