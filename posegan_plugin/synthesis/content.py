"""What a set will hold, and everything that its bytes depend on."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np
import torch

import posegan_plugin
from posegan_plugin.datasets import PersonDataset, ReIDSplits
from posegan_plugin.errors import UserError
from posegan_plugin.pose import POLICIES
from posegan_plugin.pose.keypoint_names import match_keypoints
from posegan_plugin.synthesis.identities import identity_numbers, relative_paths
from posegan_plugin.synthesis.options import SynthesisOptions
from posegan_plugin.synthesis.plan import SynthesisPlan, make_plan
from posegan_plugin.synthesis.process import machine
from posegan_plugin.synthesis.real import GALLERY, QUERY, RealImage, real_images
from posegan_plugin.synthesis.render import Networks

_IDENTITIES, _CAMERAS = 1501, 6


@dataclass(frozen=True)
class Content:
    """What a set will hold.

    Attributes:
        dataset: The people that images are made of, at the size of the output.
        plan: The synthesised images.
        real: The real ones.
        keypoints: Key points of real images by file, in pixels of the stored images.
        beyond_market: Whether an identity or a camera has a number that torchreid's and others'
            readers of Market-1501 refuse.
    """

    dataset: PersonDataset
    plan: SynthesisPlan
    real: list[RealImage]
    keypoints: dict[str, np.ndarray]
    beyond_market: bool

    @property
    def training_alone(self) -> bool:
        """Whether query or gallery are not there."""
        return not {QUERY, GALLERY} <= {Path(image.file).parent.name for image in self.real}

    def digest(self) -> str:
        """SHA-256 of people, poses and names."""
        digest = hashlib.sha256(self.plan.digest(self.dataset).encode())
        for image in self.real:
            digest.update(f"{image.file}\n{image.origin}\n".encode("utf-8", "surrogateescape"))
            if image.file in self.keypoints:
                digest.update(np.ascontiguousarray(self.keypoints[image.file]).tobytes())
        return digest.hexdigest()


def plan_content(
    splits: ReIDSplits,
    keypoints: Mapping[str, np.ndarray],
    networks: Networks,
    options: SynthesisOptions,
) -> Content:
    """Plan a set; the same arguments give the same plan.

    Args:
        splits: The people.
        keypoints: Their key points by name, in pixels of the stored images.
        networks: What makes and judges the images.
        options: What the user chose.

    Raises:
        UserError: The options do not fit the networks or the people.
    """
    if options.filters and networks.describe is None:
        raise UserError(
            "min_similarity and max_similarity need a re-ID network, which the checkpoint does not "
            "hold: name another for it (--reid)"
        )
    generator = networks.generator
    dataset = PersonDataset(splits.train, keypoints, options.size or tuple(generator.image_size))
    everyone = (*splits.train, *splits.query, *splits.gallery)
    paths = relative_paths([person.path for person in everyone])
    numbers = identity_numbers(splits)
    plan = make_plan(dataset, paths[: len(dataset)], numbers.train, options, generator.num_cameras)
    real = real_images(splits, paths, numbers, options) if options.real == "copy" else []
    found = match_keypoints([image.path for image in real], keypoints)
    return Content(
        dataset=dataset,
        plan=plan,
        real=real,
        keypoints={i.file: keypoints[found[i.path]] for i in real if i.path in found},
        beyond_market=max((*numbers.train.values(), *numbers.test.values())) > _IDENTITIES
        or max(person.camid for person in everyone) >= _CAMERAS,
    )


def settings(content: Content, networks: Networks, options: SynthesisOptions) -> dict[str, object]:
    """All that the bytes of the output depend on, as plain values."""
    named = options.target in POLICIES
    return {
        **asdict(options),
        "target": options.target if named else Path(options.target).name,
        "size": content.dataset.image_size,
        **networks.hashes,
        "people_sha256": content.digest(),
        "device": machine(networks.device),
        "posegan_plugin": posegan_plugin.__version__,
        "torch": torch.__version__,
        "opencv": cv2.__version__,
    }
