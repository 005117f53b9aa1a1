"""The work on a set in parts that are done or not done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

from posegan_plugin.datasets import PersonDataset
from posegan_plugin.synthesis.options import SynthesisOptions
from posegan_plugin.synthesis.plan import SynthesisPlan
from posegan_plugin.synthesis.real import TRAIN, RealImage, copy_of
from posegan_plugin.synthesis.render import Networks, render
from posegan_plugin.synthesis.tables import Row

_COPIED_TOGETHER = 256

Made = tuple[dict[str, bytes], list[Row]]
"""Content of each file by its path below the output folder, and the lines of a table."""


class Part(NamedTuple):
    """Work that is done as a whole.

    Attributes:
        name: Name of its journal.
        images: How many images it makes.
        make: Makes them.
    """

    name: str
    images: int
    make: Callable[[], Made]


def copy_parts(real: Sequence[RealImage], options: SynthesisOptions) -> list[Part]:
    """Copies of the real images."""
    chunks = [real[i : i + _COPIED_TOGETHER] for i in range(0, len(real), _COPIED_TOGETHER)]
    return [
        Part(f"real-{number:06d}", len(chunk), partial(_copy, chunk, options))
        for number, chunk in enumerate(chunks)
    ]


def render_parts(
    plan: SynthesisPlan, dataset: PersonDataset, networks: Networks, options: SynthesisOptions
) -> list[Part]:
    """The planned images."""
    return [
        Part(
            f"images-{number:06d}",
            len(rows),
            partial(_render, rows, plan, dataset, networks, options),
        )
        for number, rows in enumerate(plan.chunks(options.batch_size))
    ]


def _copy(images: Sequence[RealImage], options: SynthesisOptions) -> Made:
    files = {image.file: copy_of(image, options) for image in images}
    return files, [{"file": image.file, "source": image.origin} for image in images]


def _render(
    rows: range,
    plan: SynthesisPlan,
    dataset: PersonDataset,
    networks: Networks,
    options: SynthesisOptions,
) -> Made:
    rendered = render(rows, plan, dataset, networks, options)
    files, lines = {}, []
    for row, image in zip(rows, rendered, strict=True):
        file = f"{TRAIN}/{plan.names[row]}"
        if image.data is not None:
            files[file] = image.data
        source = int(plan.targets.sources[row])
        lines.append(
            {
                "file": file,
                "source": plan.paths[source],
                "target": plan.targets.origins[row],
                "pid": str(plan.numbers[row]),
                "camid": str(int(plan.camids[row])),
                "source_camid": str(int(dataset.camids[source])),
                "checkpoint_sha256": networks.hashes["checkpoint_sha256"],
                "seed": str(options.seed),
                "similarity": "" if image.similarity is None else f"{image.similarity:.4f}",
                "kept": str(int(image.data is not None)),
                "reason": image.reason,
            }
        )
    return files, lines
