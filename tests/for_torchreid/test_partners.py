import pytest
import torch

pytest.importorskip("torchreid")

from posegan_plugin.augment import SynthesisPolicy
from posegan_plugin.errors import UserError
from posegan_plugin.for_torchreid import PoseTransferDataManager, use_partners
from posegan_plugin.for_torchreid.builders import build_datamanager

# 48 images of 8 people.


def batches_of(manager, seed):
    torch.manual_seed(seed)
    return [(list(b["impath"]), b["pid"].tolist()) for b in manager.train_loader]


def test_random_images_and_second_ones_of_some_people(market_manager):
    manager = market_manager(batch_size_train=16)
    use_partners(manager, 4)
    epochs = [batches_of(manager, seed) for seed in (0, 1, 0)]
    for batches in epochs:
        assert len(batches) == len(manager.train_loader) == 4
        firsts = [path for paths, _ in batches for path in paths[:12]]
        assert len(set(firsts)) == 48  # each image once
        for paths, pids in batches:
            for path, pid in zip(paths[12:], pids[12:], strict=True):
                same = [p for p, other in zip(paths[:12], pids[:12], strict=True) if other == pid]
                assert any(p != path for p in same)
    assert epochs[0] == epochs[2] != epochs[1]


def test_not_once_the_manager_is_wrapped(market_manager):
    """The new loader would have no synthesised people."""
    wrapped = PoseTransferDataManager(
        market_manager(batch_size_train=16), torch.nn.Identity(), {}, SynthesisPolicy(ratio=0)
    )
    with pytest.raises(UserError, match="before PoseTransferDataManager wraps"):
        use_partners(wrapped, 4)


@pytest.mark.parametrize(
    ("section", "firsts"),
    [
        ("mode: quartet, num_partners: 4", 12),
        ("mode: quartet, num_partners: 0", 16),
        ("mode: quartet", 4),  # identities
        ("mode: baseline, num_partners: 4", 4),
    ],
)
def test_from_a_config(load, market_root, section, firsts):
    config = load(
        f"data: {{root: {market_root}, height: 64, width: 32, workers: 0, transforms: []}}\n"
        "train: {batch_size: 16}\nuse_gpu: False\n"
        "sampler: {train_sampler: RandomIdentitySampler, num_instances: 4}\n"
        f"posegan: {{{section}}}\n"
    )
    paths, pids = batches_of(build_datamanager(config), 0)[0]
    assert len(set(paths[:firsts])) == firsts
    identities = all(len(set(pids[n : n + 4])) == 1 for n in range(0, 16, 4))
    assert identities == (firsts == 4)


def test_more_partners_than_the_batch_has_room_for(load, market_root):
    config = load(
        f"data: {{root: {market_root}, height: 64, width: 32, workers: 0, transforms: []}}\n"
        "train: {batch_size: 16}\nuse_gpu: False\nposegan: {mode: quartet, num_partners: 16}\n"
    )
    with pytest.raises(
        UserError, match=r"posegan.num_partners=16, .* train.batch_size: .*num_images=0"
    ):
        build_datamanager(config)
