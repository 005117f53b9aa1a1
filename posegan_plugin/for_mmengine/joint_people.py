"""People to train a joint network on, and others to test it on."""

from __future__ import annotations

import numpy as np

from posegan_plugin.datasets import PersonDataset, ReIDSplits
from posegan_plugin.datasets.people import Person
from posegan_plugin.errors import UserError
from posegan_plugin.for_mmengine.load_people import load_posed_people
from posegan_plugin.for_mmengine.people_source import PeopleSource

_HELD_OUT = 0.1


def load_joint_people(
    source: PeopleSource, size: tuple[int, int], seed: int = 0
) -> tuple[PersonDataset, PersonDataset]:
    """The training people; and as test people query and gallery.

    Where no query or gallery image has key points, a tenth of the training identities (at least one)
    is tested on and not trained on.

    Args:
        source: The people that the command line named.
        size: (height, width) that images are brought to.
        seed: Of the draw of identities.

    Raises:
        UserError: The people cannot be read, no training image has key points, or there is nobody to
            test on.
    """
    splits, keypoints = load_posed_people(
        source.source, source.data_root, source.keypoints, on_error=source.on_error
    )
    test = PersonDataset(splits.query + splits.gallery, keypoints, size, require_keypoints=False)
    if (test.joint_counts > 0).any():
        return PersonDataset(splits.train, keypoints, size), test
    train, held_out = _hold_out(splits, seed)
    return PersonDataset(train, keypoints, size), PersonDataset(held_out, keypoints, size)


def _hold_out(splits: ReIDSplits, seed: int) -> tuple[list[Person], list[Person]]:
    """Divide the training people by identity."""
    if splits.num_identities < 2:
        raise UserError(
            f"dataset {splits.name!r} shows one person only, and nobody is left to test on: add "
            "images of others"
        )
    pids = np.unique([p.pid for p in splits.train])
    count = max(1, round(_HELD_OUT * len(pids)))
    chosen = set(np.random.default_rng(seed).choice(pids, count, replace=False).tolist())
    return (
        [p for p in splits.train if p.pid not in chosen],
        [p for p in splits.train if p.pid in chosen],
    )
