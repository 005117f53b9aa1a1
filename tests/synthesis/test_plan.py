import pytest
import torch

from posegan_plugin.errors import UserError
from posegan_plugin.synthesis import SynthesisOptions, make_plan
from posegan_plugin.synthesis.plan import SynthesisPlan
from posegan_plugin.synthesis.targets import Targets

NUMBERS = {label: 100 + label for label in range(12)}


@pytest.fixture
def plan(dataset):
    paths = [f"{n}.jpg" for n in range(72)]

    def run(num_cameras=0, numbers=NUMBERS, **options):
        return make_plan(dataset, paths, numbers, SynthesisOptions(**options), num_cameras)

    return run


def test_names(plan):
    made = plan(format="png")
    assert made.names[:4] == [
        "0100_c1s0_000000_00.png",
        "0100_c1s0_000000_01.png",
        "0100_c1s0_000001_00.png",
        "0100_c1s0_000001_01.png",
    ]
    assert len(set(made.names)) == len(made) == 144
    assert made.numbers[-1] == 111
    assert made.num_sources == 72


def test_camera_of_the_source_unless_the_generator_is_told_the_targets(plan, dataset):
    own = torch.from_numpy(dataset.camids)
    unaware, aware = plan(), plan(num_cameras=3)
    assert torch.equal(unaware.camids, own[unaware.targets.sources])
    assert torch.equal(aware.camids, aware.targets.camids)
    assert aware.names != unaware.names
    assert f"_c{int(aware.camids[5]) + 1}s0_" in aware.names[5]


def test_camera_that_the_generator_does_not_know(plan):
    with pytest.raises(UserError, match="knows 2 cameras, these people were seen by 3"):
        plan(num_cameras=2)


def planned(*images):
    """A plan with so many images of each source."""
    sources = torch.arange(len(images)).repeat_interleave(torch.tensor(images))
    none = torch.zeros(len(sources), dtype=torch.int64)
    targets = Targets(sources, none, torch.zeros(len(sources), 18, 3), none, [])
    return SynthesisPlan(targets, [], [], none, [""] * len(sources))


@pytest.mark.parametrize(
    ("images", "size", "chunks"),
    [
        ((2, 2, 2), 4, [4, 2]),
        ((2, 2, 2), 5, [4, 2]),
        ((2, 2, 2), 100, [6]),
        ((2, 2, 2), 1, [2, 2, 2]),
        ((3, 1, 1, 2), 3, [3, 2, 2]),
        ((7, 1), 4, [7, 1]),
        ((1,), 1, [1]),
    ],
)
def test_chunks_are_whole_sources(images, size, chunks):
    found = planned(*images).chunks(size)
    assert [len(rows) for rows in found] == chunks
    assert [row for rows in found for row in rows] == list(range(sum(images)))


def test_digest_tells_plans_apart(plan, dataset):
    digest = plan().digest(dataset)
    assert plan().digest(dataset) == digest
    others = [
        plan(seed=1),
        plan(poses=1),
        plan(3),
        plan(numbers={**NUMBERS, 11: 5}),
        plan(limit=71),
    ]
    assert len({digest, *(p.digest(dataset) for p in others)}) == 6
