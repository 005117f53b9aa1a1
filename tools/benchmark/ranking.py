"""CMC, mAP and mINP at Market-1501's size and at ten times its gallery, against torchreid."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from harness import measure, parser, report
from probe import read_status

from posegan_plugin.evaluation import evaluate_features, evaluate_ranking, pairwise_distances
from posegan_plugin.for_torchreid.resolver import torchreid_module

CAMERAS, IDENTITIES, WIDTH = 6, 751, 512
COMPARED = [(842, 3978), (3368, 15913), (168, 159130)]
LARGEST = (3368, 159130)
COLUMNS = [
    "ranking alone, torchreid : ours",
    "with distances, torchreid : ours",
    "query x gallery",
    "ranking alone, s",
    "with distances, s",
    "torchreid's ranking, s",
    "torchreid with distances, s",
    "CMC",
    "mAP differs by",
    "ranking alone, ns a pair",
    "with distances, ns a pair",
    "with distances, MB more at the peak",
]


def people(count: int, rng: np.random.Generator, centres: np.ndarray) -> tuple:
    """Features around a centre for each identity, with identities and cameras."""
    pids = rng.integers(IDENTITIES, size=count)
    noise = rng.normal(size=(count, WIDTH), scale=2.2)
    features = torch.from_numpy((centres[pids] + noise).astype(np.float32))
    return features, pids, rng.integers(CAMERAS, size=count)


def peak_growth(function: Callable[[], object], device: str) -> float:
    """By how many MB memory grows at most while a function runs, that of the device if it has one."""
    if device.startswith("cuda"):
        before = torch.cuda.memory_allocated()
        torch.cuda.reset_peak_memory_stats()
        function()
        return (torch.cuda.max_memory_allocated() - before) / 2**20
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew
    before = read_status()["VmRSS"]
    function()
    return (read_status()["VmHWM"] - before) / 1024


def row(num_query: int, num_gallery: int, repeats: int, device: str) -> list:
    """Time one size; the largest only with our evaluation, which does not hold the matrix."""
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(IDENTITIES, WIDTH))
    query, q_pids, q_cams = people(num_query, rng, centres)
    gallery, g_pids, g_cams = people(num_gallery, rng, centres)
    query, gallery = query.to(device), gallery.to(device)
    ids = (q_pids, g_pids, q_cams, g_cams)
    per_pair = 1e9 / num_query / num_gallery
    size = f"{num_query:,} x {num_gallery:,}"

    def whole() -> object:
        return evaluate_features(query, gallery, *ids)

    grown = peak_growth(whole, device)
    if (num_query, num_gallery) == LARGEST:
        seconds = measure({"whole": whole}, repeats, device, warmup=0)["whole"].median
        missing = [None] * 5
        return [None, None, size, None, seconds, *missing, per_pair * seconds, grown]

    theirs = torchreid_module("metrics")
    matrix = pairwise_distances(query, gallery)
    on_host = matrix.cpu().numpy()
    results = {}

    def their_ranking() -> None:
        results["theirs"] = theirs.evaluate_rank(on_host, *ids, use_cython=False)

    functions = {
        "alone": lambda: evaluate_ranking(matrix, *ids),
        "whole": whole,
        "their distances": lambda: theirs.compute_distance_matrix(query, gallery).cpu().numpy(),
        "their ranking": their_ranking,
    }
    timings = measure(functions, repeats, device, warmup=0)
    alone, own, distances, ranking = (timings[name].median for name in functions)
    cmc, mean_precision = results["theirs"]
    scores = evaluate_ranking(matrix, *ids)
    return [
        ranking / alone,
        (distances + ranking) / own,
        size,
        alone,
        own,
        ranking,
        distances + ranking,
        "equal" if np.array_equal(scores.cmc, cmc) else "DIFFERENT",
        abs(scores.mAP - float(mean_precision)),
        per_pair * alone,
        per_pair * own,
        grown,
    ]


def main() -> None:
    """Time the ranking of distances alone and from features, at several sizes."""
    options = parser(__doc__, repeats=1)  # torchreid takes a minute
    options.add_argument(
        "--skip-largest", action="store_true", help="leave ten times the gallery out"
    )
    args = options.parse_args()
    sizes = COMPARED if args.skip_largest else [*COMPARED, LARGEST]
    report(
        "ranking",
        f"CMC, mAP and mINP of features of {WIDTH} numbers, against torchreid's Python evaluation",
        COLUMNS,
        [row(*size, args.repeats, args.device) for size in sizes],
        args.out,
        args.device,
        [
            "Alone: given the whole distance matrix, of which the scores are compared. With "
            "distances: given features; torchreid's is the sum of its two steps.",
            "At ten times the gallery torchreid would need more than 10 GB (the matrix, the order, "
            "the identities in that order), so it is compared on 168 of the queries there.",
            "What PyPI installs of torchreid is without its Cython ranking: this is what users get.",
        ],
    )


if __name__ == "__main__":
    main()
