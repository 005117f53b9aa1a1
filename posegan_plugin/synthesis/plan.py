"""Which image is made of which person in which pose, decided before the first one is rendered."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from posegan_plugin.datasets import PersonDataset
from posegan_plugin.models.pose_maps import check_cameras
from posegan_plugin.synthesis.identities import SYNTHESISED, image_name
from posegan_plugin.synthesis.options import SynthesisOptions
from posegan_plugin.synthesis.targets import Targets, choose_targets


@dataclass(frozen=True)
class SynthesisPlan:
    """R images to make.

    Attributes:
        targets: Their sources and poses.
        paths: Path of each person's image in the data set, for the record.
        numbers: Identity in the file names (R,).
        camids: Camera of each image (R,), int64.
        names: File names.
    """

    targets: Targets
    paths: list[str]
    numbers: list[int]
    camids: Tensor
    names: list[str]

    def __len__(self) -> int:
        return len(self.names)

    @property
    def num_sources(self) -> int:
        """Number of people that images are made of."""
        return len(self.targets.sources.unique())

    def chunks(self, size: int) -> list[range]:
        """Rows that are rendered together: whole sources, about ``size`` images.

        They depend on the plan alone: a batch has the same content in every run, and with it every
        bit of the result.
        """
        ends = (self.targets.sources.diff() != 0).nonzero().squeeze(1).add(1).tolist()
        chunks, first, last = [], 0, 0
        for end in (*ends, len(self)):
            if end - first > size and last > first:
                chunks.append(range(first, last))
                first = last
            last = end
        return [*chunks, range(first, last)]

    def digest(self, dataset: PersonDataset) -> str:
        """SHA-256 of all that makes the images but networks and options."""
        content = hashlib.sha256()
        for tensor in (self.targets.keypoints, dataset.keypoints[self.targets.sources]):
            content.update(tensor.contiguous().numpy().tobytes())
        for row, source in enumerate(self.targets.sources.tolist()):
            line = f"{self.names[row]}\n{self.paths[source]}\n{self.targets.origins[row]}\n"
            content.update(line.encode("utf-8", "surrogateescape"))
        return content.hexdigest()


def make_plan(
    dataset: PersonDataset,
    paths: list[str],
    numbers: Mapping[int, int],
    options: SynthesisOptions,
    num_cameras: int = 0,
) -> SynthesisPlan:
    """Plan a synthesised set; the same arguments give the same plan.

    Args:
        dataset: The people; its image size is that of the output.
        paths: A path for each of them, for the record.
        numbers: Label -> number of the identity in file names.
        options: What the user chose.
        num_cameras: Cameras that the generator is told of. Where it is told the camera, an image
            counts as seen by the camera of its target pose, otherwise by that of its source.

    Raises:
        UserError: Nobody can be posed, the file of poses cannot be used, or the generator does not
            know a camera.
    """
    targets = choose_targets(dataset, paths, options)
    sources = targets.sources.numpy()
    camids = targets.camids if num_cameras else torch.from_numpy(dataset.camids[sources])
    remedy = "use a checkpoint that was trained with these cameras"
    check_cameras(num_cameras, int(camids.max()) + 1, "these people were seen by", remedy)
    of_people = [numbers[label] for label in dataset.pids[sources].tolist()]
    items = zip(of_people, camids.tolist(), sources.tolist(), targets.frames.tolist(), strict=True)
    names = [
        image_name(number, camid, SYNTHESISED, source, frame, f".{options.format}")
        for number, camid, source, frame in items
    ]
    return SynthesisPlan(targets, paths, of_people, camids, names)
