"""Make a synthesised set, or go on with one."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import numpy as np
from tqdm import tqdm

from posegan_plugin.datasets import ReIDSplits
from posegan_plugin.errors import UserError
from posegan_plugin.folders import folder_lock
from posegan_plugin.synthesis.annotations import write_annotations
from posegan_plugin.synthesis.content import Content, plan_content, settings
from posegan_plugin.synthesis.options import SynthesisOptions
from posegan_plugin.synthesis.parts import Part, copy_parts, render_parts
from posegan_plugin.synthesis.preview import save_preview
from posegan_plugin.synthesis.process import Process, same_bits
from posegan_plugin.synthesis.render import Networks
from posegan_plugin.synthesis.report import SynthesisReport
from posegan_plugin.synthesis.store import SynthesisStore
from posegan_plugin.synthesis.tables import Row


def synthesize(
    root: Path | str,
    splits: ReIDSplits,
    keypoints: Mapping[str, np.ndarray],
    networks: Networks,
    options: SynthesisOptions | None = None,
    process: Process | None = None,
    workers: int | None = None,
) -> SynthesisReport:
    """Write a training set of synthesised people in Market-1501's layout.

    The folder gets ``bounding_box_train`` (synthesised images, and the real ones unless
    ``options.real`` says otherwise), ``query`` and ``bounding_box_test`` where the source has them, key
    points of all of them, ``manifest.csv`` and ``real.csv`` (see
    :mod:`posegan_plugin.synthesis.tables`), ``preview.png`` and ``synthesis.json``. The manifest is
    written last: where it is, everything is.

    It can be killed at any moment. Called again with the same arguments it goes on, and the folder ends
    with the same bytes as that of a run that was never killed, by however many processes.

    Args:
        root: The folder to make, or one that was begun.
        splits: The people; images are made of ``train``.
        keypoints: Key points of the images by name, in pixels of the stored images.
        networks: What makes and judges the images.
        options: What is made; the defaults where ``None``.
        process: Which of several processes this is; the only one where ``None``.
        workers: Threads; ``None``: as many as this process has cores, at most 8.

    Raises:
        UserError: A setting or file cannot be used. What was made stays, for the next run.
    """
    if workers is not None and workers < 1:
        raise UserError(f"workers={workers} must be at least 1")
    options, process = options or SynthesisOptions(), process or Process()
    content = plan_content(splits, keypoints, networks, options)
    store = SynthesisStore(root, settings(content, networks, options))
    copies = copy_parts(content.real, options)
    renders = render_parts(content.plan, content.dataset, networks, options)
    made, seconds, missing, finished_before = 0, 0.0, 0, store.finished
    if not finished_before:
        workers, quiet = workers or process.workers(), process.rank > 0
        _work(store, process.share(copies), workers, "copying", quiet)
        with same_bits():
            made, seconds = _work(store, process.share(renders), workers, "synthesising", quiet)
    with folder_lock(store.root):
        finished_elsewhere = store.finished and not finished_before
        if not store.finished:
            missing = _finish(store, content, copies, renders)
        manifest = [] if missing else store.manifest()
    return SynthesisReport(
        root=store.root,
        people=len(content.dataset),
        sources=content.plan.num_sources,
        real=len(content.real),
        manifest=manifest,
        missing=missing,
        finished_elsewhere=finished_elsewhere,
        made=made,
        seconds=seconds,
        training_alone=content.training_alone,
        beyond_market=content.beyond_market,
    )


def _work(
    store: SynthesisStore, parts: Sequence[Part], workers: int, name: str, quiet: bool
) -> tuple[int, float]:
    """Do the parts that are not done: how many images that made, and the seconds it took."""

    def do(part: Part) -> int:
        files, rows = part.make()
        try:
            store.record(part.name, files, rows)
        except UserError:
            # Another process with the same share has finished the set, and tidied up under this one.
            if not store.finished:
                raise
        return part.images

    todo = [part for part in parts if store.recorded(part.name) is None]
    total, left = (sum(part.images for part in some) for some in (parts, todo))
    started = time.perf_counter()
    pool = ThreadPoolExecutor(workers)
    with tqdm(
        total=total, initial=total - left, desc=name, unit="img", disable=quiet or not left
    ) as bar:
        try:
            for future in as_completed([pool.submit(do, part) for part in todo]):
                bar.update(future.result())
        finally:  # after a failure or Ctrl-C: parts that were begun are done to their end
            pool.shutdown(cancel_futures=True)
    return left, time.perf_counter() - started


def _finish(
    store: SynthesisStore, content: Content, copies: Sequence[Part], renders: Sequence[Part]
) -> int:
    """Write all that needs the whole set; where parts are not done, only count them."""
    lines, copied = ([store.recorded(part.name) for part in parts] for parts in (renders, copies))
    missing = lines.count(None) + copied.count(None)
    if not missing:
        manifest, real = _joined(lines), _joined(copied)
        write_annotations(store.root, content.plan, manifest, content.keypoints)
        save_preview(store.root, content.plan, manifest, content.dataset)
        store.finish(manifest, real)
    return missing


def _joined(parts: Sequence[Sequence[Row]]) -> list[Row]:
    return [row for rows in parts for row in rows]
