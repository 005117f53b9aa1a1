"""Does a re-ID network find the person when it is asked with the synthesised image?"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from posegan_plugin.evaluation._inputs import to_numpy
from posegan_plugin.evaluation._query_scores import score_ranks
from posegan_plugin.evaluation._ranked_lists import sort_lists
from posegan_plugin.evaluation.distances import chunked_distances
from posegan_plugin.evaluation.transfer_samples import TransferSamples, read_images
from posegan_plugin.images import resize_images

_CHUNK = 256  # queries ranked at a time


class Retrieval:
    """Rank 1 and mean average precision, asked with I_g and, as the ceiling, with I_t.

    Gallery of a pair: all images of the data set but the condition, the target and everything of the
    target's camera, whose background would give it away. I_t is brought to the generator's size
    first, so that both questions have the same resolution. Euclidean distances. Pairs whose person is
    not in their gallery are left out. All values are percentages.

    The condition's camera stays in the gallery: a synthesised image that keeps the condition's
    background is found by it, one that is drawn as the target's camera sees is not. With
    ``elsewhere`` there are further scores, their names ending so, for which that camera is left out
    too: only the person can be recognised.

    Args:
        describe: Images (B, 3, H, W) in [-1, 1] -> retrieval descriptors (B, D).
        network: Which network that is, for the protocol.
        suffix: Appended to the names of the scores.
        elsewhere: Whether to score without the condition's camera as well.
    """

    def __init__(
        self,
        describe: Callable[[Tensor], Tensor],
        network: str = "the re-ID network under test",
        suffix: str = "",
        elsewhere: bool = False,
    ) -> None:
        self._describe = describe
        # End of the names -> whether the condition's camera is left out.
        self._ways = {suffix: False, **({f"{suffix}_elsewhere": True} if elsewhere else {})}
        self.protocols = {}
        for end, without in self._ways.items():
            left_out = (
                "the cameras of target and condition"
                if without
                else "the target's camera, condition and target"
            )
            first, precision = f"R1_generated{end}", f"mAP_generated{end}"
            self.protocols |= {
                first: "percent; nearest test image is of the person, asked with the synthesised "
                f"image; {network}; {left_out} left out",
                f"R1_real{end}": f"{first} asked with the true target: its ceiling",
                precision: f"percent; mean average precision of the lists of {first}",
                f"mAP_real{end}": f"{precision} asked with the true target: its ceiling",
            }

    def __call__(self, samples: TransferSamples) -> dict[str, Tensor]:
        """Score samples, see :class:`posegan_plugin.evaluation.transfer_samples.TransferScore`."""
        dataset, label = samples.dataset, "Retrieval"
        gallery = samples.in_batches(
            lambda rows: self._describe(read_images(dataset, rows)),
            torch.arange(len(dataset)),
            label=label,
        )
        values = {}
        for asked, images in (("generated", samples.generated), ("real", samples.targets)):
            queries = samples.in_batches(
                lambda part: self._describe(resize_images(part, dataset.image_size)),
                images,
                label=label,
            )
            for end, elsewhere in self._ways.items():
                found, precision = _rank(queries, gallery, samples, elsewhere)
                values[f"R1_{asked}{end}"] = 100 * found
                values[f"mAP_{asked}{end}"] = 100 * precision
        return values


def _rank(
    queries: Tensor, gallery: Tensor, samples: TransferSamples, elsewhere: bool
) -> tuple[Tensor, Tensor]:
    """Whether the first of each list is right, and its average precision; (N,) with NaN."""
    pids, camids = samples.dataset.pids, samples.dataset.camids
    conditions, targets = samples.pairs.conditions, samples.pairs.targets
    values = np.full((2, len(queries)), np.nan, dtype=np.float32)
    for rows, distances in chunked_distances(queries, gallery, "euclidean", _CHUNK):
        target = targets[rows, None]
        match = pids[target] == pids
        kept = camids[target] != camids
        if elsewhere:
            kept &= camids[conditions[rows, None]] != camids
        np.put_along_axis(kept, np.stack((conditions[rows], targets[rows]), axis=1), False, axis=1)
        scores = score_ranks(sort_lists(to_numpy(distances), match, kept).match_ranks())
        values[:, rows.start + scores.queries] = scores.first_ranks == 1, scores.precisions
    found, precision = torch.from_numpy(values)
    return found, precision
