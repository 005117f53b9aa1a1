"""A torchreid data manager whose training batches have synthesised people behind the real ones."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from posegan_plugin.augment import PoseTransferAugment, SynthesisPolicy
from posegan_plugin.errors import UserError
from posegan_plugin.for_torchreid.batch_transforms import BatchTransforms
from posegan_plugin.for_torchreid.mixed_batch import mixed_batch
from posegan_plugin.for_torchreid.networks import Network, encoder_of, teacher_of
from posegan_plugin.for_torchreid.people import Keypoints, TrainPeople
from posegan_plugin.for_torchreid.transforms import remove_request
from posegan_plugin.models.pose_maps import check_cameras


class PoseTransferDataManager:
    """Wraps an ``ImageDataManager``: everything is its own but ``train_loader``.

    Batches of ``train_loader`` are torchreid's dict with ``round(ratio * B)`` people more, as
    :class:`posegan_plugin.augment.PoseTransferAugment` makes them on the training device. Any engine
    trains on them. A synthesised person has the identity, ``impath``, ``dsetid`` and any further
    entry of its condition image; its ``camid`` is the target pose's if the generator is told the
    target camera, else the condition's. They are flipped, cropped and erased as often as real people.
    ``img`` and ``pid`` lie on the training device. With ratio 0 batches are torchreid's, bit for bit.

    What torchreid's dict cannot say is added to it: ``synthesised`` (B,), ``weight`` (B,),
    ``smoothing`` (B,) and, with ``label='teacher'``, ``teacher`` (B, K) with NaN rows for real
    people; a ``smoothing`` of NaN is that of real people. torchreid's own engines do not read these,
    so a policy that needs them (``label`` other than ``same``, ``weight`` other than 1, ``warmup``) is
    refused when training starts, unless the engine has set ``extra_keys_read``, as this package's
    engines do.

    Args:
        datamanager: A torchreid ``ImageDataManager``.
        generator: A trained generator; it is moved to the training device and frozen.
        keypoints: Key points of the training images; see :class:`TrainPeople`.
        policy: How many, whose poses, which labels and weights, which are dropped.
        use_gpu: Where people are made; ``None`` as the manager (which knows whether there is a GPU).
        teacher: Logits of images, for ``label='teacher'``: a callable, or a torchreid model.
        encoder: Embeds images, for ``filter``: a callable, or a torchreid model (also the one that
            is being trained).
        extra_keys_read: Whether the engine uses the added entries of a batch; for engines of your
            own.

    Attributes:
        datamanager: The wrapped manager.
        generator: Draws the people.
        people: Training people with key points; ``None`` with ratio 0.
        progress: Share of the training that is done, for ``warmup`` and ``until``; a
            :class:`SafeEngine` sets it.

    Raises:
        UserError: The manager is not for images, the policy needs a teacher or an encoder that is
            not given, the generator knows fewer cameras than the data, or see :class:`TrainPeople`.
    """

    def __init__(
        self,
        datamanager: object,
        generator: nn.Module,
        keypoints: Keypoints,
        policy: SynthesisPolicy | None = None,
        use_gpu: bool | None = None,
        teacher: Network | None = None,
        encoder: Network | None = None,
        extra_keys_read: bool = False,
    ) -> None:
        if getattr(datamanager, "data_type", None) != "image":
            raise UserError("pose transfer works with torchreid's ImageDataManager only")
        if isinstance(datamanager, PoseTransferDataManager):
            raise UserError("the data manager is a PoseTransferDataManager already; wrap it once")
        self.datamanager = datamanager
        self.generator = generator
        self.policy = policy or SynthesisPolicy()
        self.extra_keys_read = extra_keys_read
        self.progress: float | None = None
        gpu = datamanager.use_gpu if use_gpu is None else use_gpu
        self.device = torch.device("cuda" if gpu and torch.cuda.is_available() else "cpu")
        self.people: TrainPeople | None = None
        remove_request(datamanager)
        if self.policy.ratio > 0:
            self._prepare(generator, keypoints, teacher, encoder)
        self.train_loader = MixedLoader(datamanager.train_loader, self)

    def __getattr__(self, name: str) -> object:
        if name == "datamanager":  # not there yet: a copy is being made
            raise AttributeError(name)
        return getattr(self.datamanager, name)

    @torch.no_grad()
    def mix(self, data: dict[str, object]) -> dict[str, object]:
        """A batch of torchreid's training loader with synthesised people behind the real ones."""
        real = self.people.batch(data, self.device)
        progress = 1.0 if self.progress is None else self.progress
        mixed = self._augment(real, progress, encoder=self._encoder)
        images = self._transforms(mixed[len(real) :])
        soft_labels = self.num_train_pids if self.policy.label == "teacher" else 0
        return mixed_batch(data, mixed, images, soft_labels)

    def to_network(self, images: Tensor) -> Tensor:
        """Images in [-1, 1] of any size as the manager's own batches have them."""
        return self.people.to_network(images, (self.height, self.width))

    def check_engine(self) -> None:
        """Refuse a policy that the engine would ignore.

        Raises:
            UserError: The engine does not read what the policy says.
        """
        policy = self.policy
        plain = SynthesisPolicy(ratio=policy.ratio)
        unread = [
            f"{key}={getattr(policy, key)!r}"
            for key in ("label", "weight", "warmup")
            if getattr(policy, key) != getattr(plain, key)
        ]
        if unread and not self.extra_keys_read:
            raise UserError(
                f"augment {', '.join(unread)} would be ignored: torchreid's own engines label all "
                "people alike, at weight 1; train with an engine of posegan_plugin, or give "
                "extra_keys_read=True if yours reads the batch's weight, smoothing and teacher"
            )
        timed = [k for k in ("warmup", "until") if getattr(policy, k) != getattr(plain, k)]
        if timed and self.progress is None:
            raise UserError(
                f"augment {timed[0]}={getattr(policy, timed[0])} needs to know how far the training "
                "is: the engine has to set the data manager's progress (0 to 1)"
            )

    def _prepare(
        self,
        generator: nn.Module,
        keypoints: Keypoints,
        teacher: Network | None,
        encoder: Network | None,
    ) -> None:
        if self.policy.label == "teacher" and teacher is None:
            raise UserError("augment label='teacher' needs a teacher; give one, or another label")
        if self.policy.filter is not None and encoder is None:
            raise UserError("augment filter needs an encoder; give one, or set filter=None")
        self.people = TrainPeople(self.datamanager, keypoints, tuple(generator.image_size))
        check_cameras(
            generator.num_cameras,
            int(self.people.dataset.camids.max()) + 1,
            "the training set has",
            "take a generator that was trained on this data set, or one without target camera",
        )
        size = (self.height, self.width)
        # The loader's, not transform_tr: a script may have put its own there.
        transform = self.datamanager.train_loader.dataset.transform
        self._transforms = BatchTransforms(transform, size, self.people.normalize)
        if isinstance(teacher, nn.Module):
            teacher.to(self.device)
        identities = self.num_train_pids
        self._encoder = None if encoder is None else encoder_of(encoder, self.to_network)
        self._augment = PoseTransferAugment(
            generator.to(self.device),
            self.people.pose_bank(self.policy.min_joints),
            self.policy,
            teacher=None if teacher is None else teacher_of(teacher, self.to_network, identities),
        )
        print(f"=> Pose transfer: {self.people.summary(self.policy.min_joints)}")


class MixedLoader:
    """A training loader whose batches get synthesised people; the rest is the wrapped loader's.

    Args:
        loader: torchreid's training loader.
        manager: Adds the people.
    """

    def __init__(self, loader: object, manager: PoseTransferDataManager) -> None:
        self.loader = loader
        self.manager = manager

    def __getattr__(self, name: str) -> object:
        if name == "loader":
            raise AttributeError(name)
        return getattr(self.loader, name)

    def __len__(self) -> int:
        return len(self.loader)

    def __iter__(self) -> Iterator[dict[str, object]]:
        if self.manager.policy.ratio == 0:
            return iter(self.loader)
        self.manager.check_engine()
        return map(self.manager.mix, self.loader)
