"""From planned rows to encoded images and what the re-ID network says of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from posegan_plugin.augment import transfer
from posegan_plugin.datasets import PersonDataset
from posegan_plugin.errors import UserError
from posegan_plugin.images import from_uint8
from posegan_plugin.synthesis.filter import KEPT, filter_images
from posegan_plugin.synthesis.options import SynthesisOptions
from posegan_plugin.synthesis.plan import SynthesisPlan
from posegan_plugin.visualization import to_uint8


@dataclass(frozen=True)
class Networks:
    """What makes the images and judges them.

    Attributes:
        generator: In evaluation mode, on its device.
        describe: Images (B, 3, H, W) in [-1, 1] on that device -> re-ID descriptors (B, D); ``None``
            where there is no re-ID network.
        hashes: Names and SHA-256 of the files they come from, for the record;
            ``checkpoint_sha256`` is that of the generator.
    """

    generator: nn.Module
    describe: Callable[[Tensor], Tensor] | None
    hashes: dict[str, str | None]

    @property
    def device(self) -> torch.device:
        """Where the generator is."""
        return next(self.generator.parameters()).device


@dataclass(frozen=True)
class Rendered:
    """One synthesised image.

    Attributes:
        data: The image file; ``None`` where a filter dropped it.
        similarity: Cosine of its re-ID descriptor and its source's; ``None`` without such a network.
        reason: What dropped it, see :func:`posegan_plugin.synthesis.filter.filter_images`.
    """

    data: bytes | None
    similarity: float | None
    reason: str


@torch.no_grad()
def render(
    rows: range,
    plan: SynthesisPlan,
    dataset: PersonDataset,
    networks: Networks,
    options: SynthesisOptions,
) -> list[Rendered]:
    """Make the images of planned rows, of whole sources.

    Raises:
        UserError: A source image cannot be read, or the generator gave what is no image.
    """
    device, part = networks.device, slice(rows.start, rows.stop)
    sources, which = plan.targets.sources[part].unique_consecutive(return_inverse=True)
    conditions = from_uint8(_read(dataset, sources).to(device))
    poses = dataset.keypoints[sources][which], plan.targets.keypoints[part]
    inputs = [t.to(device).split(options.batch_size) for t in (which, *poses, plan.camids[part])]
    with torch.autocast(device.type, torch.bfloat16, enabled=options.amp):
        images = torch.cat(
            [
                transfer(networks.generator, conditions[of], own, wanted, cameras)
                for of, own, wanted, cameras in zip(*inputs, strict=True)
            ]
        )
        if not bool(images.isfinite().all()):
            raise UserError(
                "the generator gave values that are not finite: use another checkpoint, or leave out "
                "--amp"
            )
        pictures = to_uint8(images)
        judged = networks.describe and _judge(networks, conditions, pictures, which, options)
    similarities, reasons = judged or ([None] * len(rows), [KEPT] * len(rows))
    return [
        Rendered(None if reason else encode_image(picture, options), similarity, reason)
        for picture, similarity, reason in zip(pictures, similarities, reasons, strict=True)
    ]


def encode_image(picture: np.ndarray, options: SynthesisOptions) -> bytes:
    """An RGB picture (H, W, 3), uint8, as a JPEG or PNG file."""
    quality = [cv2.IMWRITE_JPEG_QUALITY, options.quality] if options.format == "jpg" else []
    bgr = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
    return cv2.imencode(f".{options.format}", bgr, quality)[1].tobytes()


def _read(dataset: PersonDataset, rows: Tensor) -> Tensor:
    """Images uint8 (B, 3, H, W) of a data set."""
    try:
        return torch.stack([dataset[row]["image"] for row in rows.tolist()])
    except UserError as error:
        raise UserError(
            f"{error}; what has been made stays: with a whole image in its place, start again"
        ) from error


def _judge(
    networks: Networks,
    conditions: Tensor,
    pictures: np.ndarray,
    which: Tensor,
    options: SynthesisOptions,
) -> tuple[list[float], list[str]]:
    """Similarity of each picture to its source, and what drops it."""
    made = torch.from_numpy(pictures).permute(0, 3, 1, 2).to(conditions.device)
    of_sources = networks.describe(conditions).float().cpu()
    of_images = torch.cat(
        [
            networks.describe(from_uint8(part)).float().cpu()
            for part in made.split(options.batch_size)
        ]
    )
    similarities, reasons = [], []
    for source, descriptor in enumerate(of_sources):
        found = filter_images(
            descriptor, of_images[which == source], options.min_similarity, options.max_similarity
        )
        similarities += found[0].tolist()
        reasons += found[1]
    return similarities, reasons
