"""Generator, discriminators and a torchreid model trained together (equation 14)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from posegan_plugin.augment import PersonBatch, SynthesisPolicy, random_flip
from posegan_plugin.augment.policy import Encoder
from posegan_plugin.for_torchreid.batch_transforms import BatchTransforms
from posegan_plugin.for_torchreid.engine_base import SafeEngine
from posegan_plugin.for_torchreid.joint_options import check_data, check_parts, joint_policy
from posegan_plugin.for_torchreid.reid_step import (
    features_of,
    people_of,
    reid_losses,
    summary,
)
from posegan_plugin.for_torchreid.resolver import torchreid_module
from posegan_plugin.training import (
    GenerationStep,
    PosePairs,
    add_generated,
    build_objectives,
    check_step,
    pairs_of_batch,
    unwrap,
)

if TYPE_CHECKING:
    from posegan_plugin.for_torchreid.people import TrainPeople

DISCRIMINATORS = ("appearance_discriminator", "pose_discriminator")


class PoseGANEngine(SafeEngine, torchreid_module("engine").Engine):
    r"""Joint training of a re-ID model and a pose transfer generator.

    A batch's real people reach the re-ID losses as torchreid's own transforms made them. The
    generator learns from the same people without those transforms and with their key points, and
    what it draws joins the batch of the re-ID losses.

    Args:
        datamanager (DataManager): torchreid's, with ``train_sampler='RandomIdentitySampler'`` or
            :func:`~posegan_plugin.for_torchreid.use_partners`; not wrapped, since the engine itself
            adds people.
        reid (nn.Module): any torchreid model built with ``loss='triplet'``, or one of this plugin's.
        generator (nn.Module): a :class:`posegan_plugin.models.PoseTransferGenerator`.
        appearance_discriminator (nn.Module): D_I; None leaves it out.
        pose_discriminator (nn.Module): D_P; None leaves it out.
        optimizers (dict): an Optimizer for each network by the names above. A network whose
            parameters are all frozen needs none.
        schedulers (dict): likewise, or None; a network that has none keeps its learning rate.
        people (TrainPeople): images and key points of the data manager's training people.
        objective (dict, optional): options of :func:`posegan_plugin.training.build_objectives`.
        policy (SynthesisPolicy or dict, optional): how synthesised people join the batch; with ratio
            0 the re-ID model learns from real people alone.
        reid_to_generator (bool, optional): the re-ID losses of synthesised people also train the
            generator (equation 14). Default is True.
        max_pairs (int, optional): at most so many condition-target pairs of a batch train the
            generator, and at most so many people are synthesised, whatever the policy's ratio.
            Default is None, all.
        teacher (callable, optional): images (B, 3, H, W) in [-1, 1] to logits, for the policy's
            ``label='teacher'``.
        flip (float, optional): probability that a person is mirrored, with its key points, before
            the generator sees it. Default is 0.5.
        use_gpu (bool, optional): use gpu. Default is True.
        amp (bool, optional): run the networks in bfloat16; losses stay in float32. Default is False.
        seed (int, optional): each epoch's random numbers follow from it, so that a resumed run goes
            on exactly. Default is torch's current seed.

    Raises:
        UserError: An unknown option, or a network that trains has no optimiser.

    Examples::

        engine = PoseGANEngine(
            datamanager, reid, generator, D_I, D_P,
            optimizers={
                'reid': torchreid.optim.build_optimizer(reid, optim='adam', lr=0.0003),
                'generator': torch.optim.Adam(generator.parameters(), 0.0005, (0.5, 0.999)),
                'appearance_discriminator': torch.optim.Adam(D_I.parameters(), 0.0002),
                'pose_discriminator': torch.optim.Adam(D_P.parameters(), 0.0002),
            },
            schedulers=None,
            people=TrainPeople(datamanager, 'market-annotation-train.csv', generator.image_size)
        )
        # an interrupted run goes on with start_epoch=engine.resume('log/pose-gan')
        engine.run(save_dir='log/pose-gan', max_epoch=60, eval_freq=10)
    """

    checks_gradients = True

    def __init__(
        self,
        datamanager: object,
        reid: nn.Module,
        generator: nn.Module,
        appearance_discriminator: nn.Module | None,
        pose_discriminator: nn.Module | None,
        optimizers: dict[str, Optimizer],
        schedulers: dict[str, LRScheduler] | None,
        people: TrainPeople,
        objective: dict | None = None,
        policy: SynthesisPolicy | dict | None = None,
        reid_to_generator: bool = True,
        max_pairs: int | None = None,
        teacher: Encoder | None = None,
        flip: float = 0.5,
        use_gpu: bool = True,
        amp: bool = False,
        seed: int | None = None,
    ) -> None:
        super().__init__(datamanager, use_gpu)
        networks = {
            "reid": reid,
            "generator": generator,
            "appearance_discriminator": appearance_discriminator,
            "pose_discriminator": pose_discriminator,
        }
        networks = {n: net for n, net in networks.items() if net is not None}
        check_parts(networks, optimizers, schedulers := schedulers or {})
        check_data(datamanager, unwrap(generator).num_cameras, people.dataset.camids.max() + 1)
        self.policy = joint_policy(policy, teacher is not None)
        for name, network in networks.items():
            optimizer, scheduler = optimizers.get(name), schedulers.get(name)
            self.register_model(name, network, optimizer, scheduler)
        self.model = reid  # what torchreid tests
        self.optimizer, self.scheduler = optimizers.get("reid"), schedulers.get("reid")
        generation_objective, self.reid_objective = build_objectives(**(objective or {}))
        self.generation = GenerationStep(
            generator,
            (appearance_discriminator, pose_discriminator),
            tuple(n in networks and not self.is_frozen(n) for n in DISCRIMINATORS),
            reid,
            self._encode,
            generation_objective,
            self.mixed_precision,
        )
        self.people = people
        size = (datamanager.height, datamanager.width)
        transform = datamanager.train_loader.dataset.transform
        self._transforms = BatchTransforms(transform, size, people.normalize)
        self.reid_to_generator = reid_to_generator
        self.max_pairs = max_pairs
        self.teacher = teacher
        self.flip = flip
        self.amp = amp
        self.seed = torch.initial_seed() if seed is None else seed

    def forward_backward(self, data: dict) -> dict[str, float]:
        """One step of every network; returns the losses to log."""
        people, log, judged, total = people_of(data, self.training_device), {}, {}, 0
        batch = random_flip(self.people.batch(data, self.training_device), self.flip)
        pairs, rows = pairs_of_batch(batch, self.generation.size, self.policy, self.max_pairs)
        if len(rows):
            generated = self.generation.draw(pairs)
            judged = self.generation.discriminator_losses(pairs, generated, self.training_progress)
            if judged:
                loss = torch.stack(list(judged.values())).sum()
                judged = self._step(loss, judged, DISCRIMINATORS)
            added = self._added(batch, rows, pairs, generated)
            people = people.extended_by(added) if len(added) else people
        with self.mixed_precision():
            output = self.model(people.images)
        reid_total, reid_log = reid_losses(
            self.reid_objective, output, people, self.training_progress
        )
        # Last: the pass above has moved the statistics of E's batch norms, and the gradient through E
        # would be taken with others than its output.
        if len(rows):
            total, log = self.generation.generator_losses(pairs, generated, self.training_progress)
        log = self._step(total + reid_total, reid_log | log, ("reid", "generator"))
        self.note_spread(float(log["embedding_spread"]))
        return summary(log | judged)

    def _added(
        self, batch: PersonBatch, rows: Tensor, pairs: PosePairs, generated: Tensor
    ) -> PersonBatch:
        """Synthesised people as the re-ID model takes them."""
        generated = generated if self.reid_to_generator else generated.detach()
        mixed = add_generated(
            batch,
            rows,
            pairs,
            generated,
            self.policy,
            self.training_progress,
            self.generation.moves_camera,
            self.generation.encode_only,
            self.teacher,
        )
        added = mixed[len(batch) :]
        added.images = self._transforms.crop_and_erase(
            added.images
        )  # flipped before they were drawn
        added.keypoints = added.keypoints[:, :0]
        return added

    def _step(
        self, loss: Tensor, terms: dict[str, Tensor], names: Sequence[str]
    ) -> dict[str, Tensor]:
        optimizers = {n: o for n in names if (o := self._optims.get(n)) is not None}
        for optimizer in optimizers.values():
            optimizer.zero_grad()
        loss.backward()
        log = check_step(loss, terms, {n: self._models[n].parameters() for n in optimizers})
        for optimizer in optimizers.values():
            optimizer.step()
        return log

    def _encode(self, images: Tensor) -> Tensor:
        """E of images (B, 3, H, W) in [-1, 1]."""
        size = (self.datamanager.height, self.datamanager.width)
        describe = getattr(unwrap(self.model), "describe", self.model)
        return features_of(describe(self.people.to_network(images, size)))
