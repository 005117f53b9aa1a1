"""Who appears how often, and where: lists that cannot be trained on or evaluated."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from posegan_plugin.datasets.checks.finding import ERROR, WARNING, Finding, found
from posegan_plugin.datasets.checks.inventory import Inventory
from posegan_plugin.datasets.people import Person


def unmatched_queries(query: Iterable[Person], gallery: Iterable[Person]) -> list[Person]:
    """The queries that no gallery image of another camera answers."""
    cameras = cameras_by_identity(gallery)
    return [p for p in query if not cameras[p.pid] - {p.camid}]


def cameras_by_identity(people: Iterable[Person]) -> defaultdict[int, set[int]]:
    """Identity -> cameras that saw it."""
    cameras = defaultdict(set)
    for person in people:
        cameras[person.pid].add(person.camid)
    return cameras


def check_identities(inventory: Inventory) -> Iterator[Finding]:
    """Empty lists, identities with one camera or image, queries without an answer, overlap."""
    lists = inventory.lists
    test_wanted = bool(lists["query"] or lists["gallery"])
    empty = [s for s, people in lists.items() if not people and (s == "train" or test_wanted)]
    yield from found(ERROR, "empty lists", empty, "nobody is in them: add images")
    yield from _check_training(lists["train"])
    if lists["query"] and lists["gallery"]:
        yield from found(
            ERROR,
            "queries without an answer",
            _identities(unmatched_queries(lists["query"], lists["gallery"])),
            "no gallery image of another camera shows them, so they do not count, and without any "
            "other torchreid stops with 'all query identities do not appear in gallery': give each "
            "camera its own number, and the gallery images of these people",
        )
    if inventory.on_disk.same_numbers:
        tested = {p.pid: p for p in (*lists["query"], *lists["gallery"])}
        yield from found(
            WARNING,
            "identities in training and test",
            _identities(tested[pid] for pid in {p.pid for p in lists["train"]} & set(tested)),
            "if equal numbers mean equal people, results are not those of people never seen: keep "
            "their images in one of the two",
        )


def _check_training(people: list[Person]) -> Iterator[Finding]:
    cameras, images = cameras_by_identity(people), defaultdict(set)
    for person in people:
        images[person.pid].add(person.path)
    alone = {pid for pid, paths in images.items() if len(paths) == 1}
    yield from found(
        WARNING,
        "single-image identities",
        _identities(p for p in people if p.pid in alone),
        "they have no second pose and no positive for the quartet loss: add images of them",
    )
    yield from found(
        WARNING,
        "single-camera identities",
        _identities(p for p in people if len(cameras[p.pid]) == 1 and p.pid not in alone),
        "nothing about them teaches to recognise a person in another camera: check the camera "
        "numbers",
    )


def _identities(people: Iterable[Person]) -> list[str]:
    """One line for each identity: its number and an image."""
    first = {}
    for person in people:
        first.setdefault(person.pid, person.path)
    return [f"identity {pid}: {path}" for pid, path in sorted(first.items())]
