"""What the figures of ``tools/visualize.py`` take, from names on a command line."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn

from posegan_plugin.datasets import PersonDataset
from posegan_plugin.errors import UserError
from posegan_plugin.for_mmengine.load_people import load_posed_people
from posegan_plugin.for_mmengine.people_source import PeopleSource
from posegan_plugin.for_mmengine.pretrained import Pretrained, load_pretrained
from posegan_plugin.models.pose_maps import check_cameras


def load_runs(
    checkpoints: Sequence[str], names: Sequence[str] | None = None, config: str | None = None
) -> dict[str, Pretrained]:
    """Load checkpoints onto the GPU, or onto the CPU where there is none.

    Args:
        checkpoints: See :func:`posegan_plugin.for_mmengine.pretrained.load_pretrained`.
        names: What captions call them. Defaults to None: "synthesised" for a single one, else the
            names of the files, with their folders where these are the same.
        config: The config of those that do not say how their networks are built.

    Returns:
        The runs by name, in order.

    Raises:
        UserError: Not a name for each, a name twice, or a checkpoint that cannot be used.
    """
    names = names or _default_names(checkpoints)
    if len(names) != len(checkpoints):
        raise UserError(f"--names gives {len(names)} names for {len(checkpoints)} checkpoints")
    if len(set(names)) != len(names):
        raise UserError(f"--names {' '.join(names)}: give each checkpoint a name of its own")
    device = "cuda" if torch.cuda.is_available() else "cpu"
    return {
        name: load_pretrained(checkpoint, config, device)
        for name, checkpoint in zip(names, checkpoints, strict=True)
    }


class ShownPeople(NamedTuple):
    """People to choose from for a figure.

    Attributes:
        dataset: They.
        num_query: How many of the first rows are queries, the rest being the gallery; 0 for training
            people.
    """

    dataset: PersonDataset
    num_query: int


def people_of(
    people: PeopleSource,
    size: tuple[int, int],
    split: str = "test",
    require_keypoints: bool = True,
) -> ShownPeople:
    """Read the people to show.

    Args:
        people: What was named.
        size: (height, width) that images are brought to.
        split: ``train``; or ``test``, query and gallery, and in their place the training people where
            there are none.
        require_keypoints: Whether the figure needs key points.

    Raises:
        UserError: The people or their key points cannot be read.
    """
    splits, found = load_posed_people(
        people.source, people.data_root, people.keypoints, require_keypoints, people.on_error
    )
    tested = splits.query + splits.gallery if split == "test" else []
    dataset = PersonDataset(
        tested or splits.train, found, size, require_keypoints=require_keypoints
    )
    return ShownPeople(dataset, len(splits.query) if tested else 0)


def generators_of(
    runs: Mapping[str, Pretrained], people: PeopleSource
) -> tuple[dict[str, nn.Module], ShownPeople]:
    """The generators of runs, and people at the largest of their image sizes.

    Args:
        runs: By name.
        people: What was named.

    Returns:
        The generators by name, and the people.

    Raises:
        UserError: A run has no generator, or one that does not know all cameras of the people; or the
            people cannot be read.
    """
    generators = {name: run.need_generator() for name, run in runs.items()}
    shown = people_of(people, max(tuple(g.image_size) for g in generators.values()))
    cameras = int(shown.dataset.camids.max()) + 1
    for name, generator in generators.items():
        check_cameras(
            generator.num_cameras,
            cameras,
            "these people were seen by",
            "use one that was trained on them",
            f"checkpoint {runs[name].path}: its generator",
        )
    return generators, shown


def describers_of(
    runs: Mapping[str, Pretrained], people: PeopleSource
) -> tuple[dict[str, Callable[[Tensor], Tensor]], ShownPeople]:
    """The re-ID networks of runs, and people at the largest of their image sizes.

    Args:
        runs: By name.
        people: What was named.

    Returns:
        Functions from images (B, 3, H, W) in [-1, 1], on any device, to descriptors (B, D) by name;
        and the people.

    Raises:
        UserError: A run has no re-ID network; or the people cannot be read, or are not divided into
            query and gallery.
    """
    describers = {name: _describer(run) for name, run in runs.items()}
    size = max(tuple(run.architecture["reid"]["image_size"]) for run in runs.values())
    shown = people_of(people, size, require_keypoints=False)
    if not shown.num_query:
        raise UserError(
            "these people are not divided into query and gallery, so that nobody can be looked for: "
            "name a data set that is"
        )
    return describers, shown


def find_person(dataset: PersonDataset, wanted: str | None, min_joints: int) -> int:
    """Row of a person.

    Args:
        dataset: The people.
        wanted: A row, the path of an image or its name; ``None`` for the first that can be drawn.
        min_joints: Joints needed to be drawn.

    Raises:
        UserError: There is no such image, or it has too few joints.
    """
    joints = dataset.joint_counts.tolist()
    rows = range(len(dataset))
    if wanted is None:
        found = [row for row in rows if joints[row] >= min_joints]
    elif wanted.isdecimal():
        found = [int(wanted)] if int(wanted) in rows else []
    else:
        path = Path(wanted).resolve()
        images = [Path(person.path) for person in dataset.people]
        found = [row for row in rows if images[row].resolve() == path] or [
            row for row in rows if images[row].name == wanted
        ]
    if not found:
        what = "person with enough joints" if wanted is None else f"image {wanted}"
        raise UserError(
            f"--person: there is no {what} among the {len(dataset)} images of these people; give "
            "the name of one, or its number from 0"
        )
    if joints[found[0]] < min_joints:
        raise UserError(
            f"--person {wanted}: {joints[found[0]]} joints of it are known, {min_joints} are needed "
            "(--min-joints)"
        )
    return found[0]


def _describer(run: Pretrained) -> Callable[[Tensor], Tensor]:
    device = next(run.need_reid().parameters()).device
    return lambda images: run.describe(images.to(device))


def _default_names(checkpoints: Sequence[str]) -> list[str]:
    if len(checkpoints) == 1:
        return ["synthesised"]
    paths = [Path(checkpoint) for checkpoint in checkpoints]
    names = [path.name if path.is_dir() else path.stem for path in paths]
    return names if len(set(names)) == len(names) else [f"{p.parent.name}/{p.stem}" for p in paths]
