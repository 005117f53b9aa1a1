"""Which key points belong to which image: by path, or by as much of it as the key point file names.

A file name alone is often enough, and it is what published key point files hold. Where two images
share it, the name in the file has to say in which folder: nobody ever gets another one's pose.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from posegan_plugin.errors import UserError


def keypoint_names(paths: Sequence[str | Path], root: str | Path) -> list[str]:
    """The names under which to write the key points of images, so that each is found again.

    Args:
        paths: All images of the data set, those without key points too; below ``root``.
        root: The folder that is annotated.

    Returns:
        For each image its file name where no other image has it, else its path relative to
        ``root``, with ``/``.
    """
    paths = [Path(p) for p in paths]
    count = Counter(p.name for p in paths)
    return [p.name if count[p.name] == 1 else p.relative_to(root).as_posix() for p in paths]


def match_keypoints(
    paths: Iterable[str], names: Collection[str], with_suffix: bool = True
) -> dict[str, str]:
    """Find the name of each image's key points.

    An image is looked up by its path as it stands, then by the path's last parts, the longest first:
    ``a/b/x.jpg``, ``b/x.jpg``, ``x.jpg``.

    Args:
        paths: The images.
        names: Names in key point files, with ``/`` between folders.
        with_suffix: Whether names end in ``.jpg`` and the like.

    Returns:
        Image path -> name, for those that have one.

    Raises:
        UserError: A name fits several images that are not the same picture.
    """
    found, shared = find_keypoints(paths, names, with_suffix)
    for name, images in shared.items():
        folder, other = (Path(image).parent for image in images[:2])
        advice = f"in the key point file, name them with their folder ({folder.name}/...)"
        if folder == other:  # x.jpg and x.png
            advice = "rename one of them"
        raise UserError(
            f"the key points of {name} could belong to {images[0]} and {images[1]}: {advice}"
        )
    return found


def find_keypoints(
    paths: Iterable[str], names: Collection[str], with_suffix: bool = True
) -> tuple[dict[str, str], dict[str, list[str]]]:
    """As :func:`match_keypoints`, with the names that fit several pictures beside the others.

    Args:
        paths: The images.
        names: Names in key point files.
        with_suffix: Whether names end in ``.jpg`` and the like.

    Returns:
        Image path -> name; and name -> images, sorted, for the names that fit several pictures.
    """
    images = defaultdict(set)
    for path in paths:
        name = _longest_match(path if with_suffix else str(Path(path).with_suffix("")), names)
        if name is not None:
            images[name].add(path)
    shared = {n: sorted(p) for n, p in images.items() if len(p) > 1 and not _same_file(p)}
    return {p: n for n, found in images.items() if n not in shared for p in found}, shared


def _longest_match(path: str, names: Collection[str]) -> str | None:
    if path in names:
        return path
    parts = Path(path).parts
    tails = ("/".join(parts[start:]) for start in range(len(parts)))
    return next((tail for tail in tails if tail in names), None)


def _same_file(paths: Iterable[str]) -> bool:
    """Whether all files have the same bytes: one pose is then right for all of them."""
    try:
        return len({Path(p).read_bytes() for p in paths}) == 1
    except OSError:
        return False
