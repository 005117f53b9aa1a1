"""What ``tools/test.py`` leaves: every score with its protocol, for people and as ``scores.json``."""

from __future__ import annotations

import contextlib
import json
import math
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
from mmengine.runner import Runner

from posegan_plugin import __version__
from posegan_plugin.evaluation.pose_transfer import TransferResult
from posegan_plugin.file_hash import file_hash
from posegan_plugin.for_mmengine.hooks.pose_transfer import PREFIX, PoseTransferHook
from posegan_plugin.for_mmengine.metric import ReIDMetric, find_metric
from posegan_plugin.pose.files import write_atomic
from posegan_plugin.training import unwrap


def report_scores(
    runner: Runner, checkpoint: Path, metrics: dict[str, float], generator: Path | None = None
) -> str:
    """Write ``scores.json`` into the work dir.

    It holds each score with its protocol and, where it is a mean over pairs, its standard error and
    the number of pairs; and what was tested, with the versions of the libraries that count.

    Args:
        runner: After its test.
        checkpoint: The file it tested.
        metrics: What the test returned.
        generator: The file whose generator drew, where it is not that of ``checkpoint``.

    Returns:
        Text for the console: how each score was computed, and where the file is.
    """
    hook = next((h for h in runner.hooks if isinstance(h, PoseTransferHook)), None)
    result = hook.result if hook else None
    model = unwrap(runner.model)
    metric = find_metric(runner.test_loop.evaluator)
    protocol = metric.protocol if metric else ""
    if poses := getattr(model, "test_poses", 0):
        protocol += f"; people in {poses} standard poses besides"
    if getattr(model, "test_mirror", False):
        protocol += "; each image and its mirror image"
    report = {
        "checkpoint": str(checkpoint),
        "sha256": file_hash(checkpoint),
        "generator": generator and {"checkpoint": str(generator), "sha256": file_hash(generator)},
        "config": runner.cfg.filename,
        "versions": _versions(),
        "pairs": {"seed": hook.seed, **_about(result)} if result else None,
        "scores": {
            name: _entry(name, value, result, metric, protocol) for name, value in metrics.items()
        },
    }
    path = Path(runner.work_dir) / "scores.json"
    write_atomic(path, (json.dumps(report, indent=2, allow_nan=False) + "\n").encode())
    return "\n".join([*_legend(report), f"tested  {checkpoint}", f"scores  {path}"])


def _versions() -> dict[str, str]:
    versions = {"posegan_plugin": __version__}
    for name in ("torch", "torchreid", "torchmetrics", "torch_fidelity"):
        with contextlib.suppress(PackageNotFoundError):  # the last two come with an extra
            versions[name] = version(name)
    return versions


def _about(result: TransferResult) -> dict[str, object]:
    samples = result.samples
    people = np.unique(samples.dataset.pids[samples.pairs.targets])
    return {
        "count": len(samples.pairs),
        "people": len(people),
        "image_size": list(samples.targets.shape[-2:]),
    }


def _entry(
    name: str,
    value: float,
    result: TransferResult | None,
    metric: ReIDMetric | None,
    retrieval: str,
) -> dict[str, object]:
    # JSON knows no NaN and no infinity.
    entry = {"value": float(value) if math.isfinite(value) else None}
    if metric is not None and name.startswith(f"{metric.prefix}/"):
        return {**entry, "protocol": retrieval}
    if result is None or not name.startswith(PREFIX):
        return entry
    own = name.removeprefix(PREFIX)
    average = result.averages[own]
    if average.count is not None:
        entry |= {"standard_error": average.standard_error, "count": average.count}
    return {**entry, "protocol": result.protocols[own]}


def _legend(report: dict) -> list[str]:
    scores, pairs = report["scores"], report["pairs"]
    if pairs is None:
        return []
    height, width = pairs["image_size"]
    lines = [
        f"{pairs['count']} pairs of {pairs['people']} people at {height}x{width}, ± standard error "
        "over people; only figures of one size can be compared:"
    ]
    width = max(len(name) for name in scores)
    for name, entry in scores.items():
        if name.startswith(PREFIX):
            error, count = entry.get("standard_error"), entry.get("count", pairs["count"])
            text = entry["protocol"] + (f"; {count} pairs" if count != pairs["count"] else "")
            sign = "" if error is None else f"±{error:.2g}"
            lines.append(f"{name:<{width}}  {sign:<8} {text}")
    return lines
