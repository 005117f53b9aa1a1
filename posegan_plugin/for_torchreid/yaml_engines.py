"""The engine that a YAML config asks for."""

from __future__ import annotations

from functools import cache, partial

import torch
from torch import nn

from posegan_plugin.augment import SynthesisPolicy
from posegan_plugin.errors import UserError
from posegan_plugin.for_torchreid.builders import (
    build_model,
    build_optimizer,
    build_scheduler,
)
from posegan_plugin.for_torchreid.data_manager import PoseTransferDataManager
from posegan_plugin.for_torchreid.engine_base import SafeEngine
from posegan_plugin.for_torchreid.names import check_choice
from posegan_plugin.for_torchreid.networks import teacher_of
from posegan_plugin.for_torchreid.people import TrainPeople
from posegan_plugin.for_torchreid.resolver import torchreid_module
from posegan_plugin.for_torchreid.standard_poses import StandardPoses
from posegan_plugin.for_torchreid.yaml_config import Section
from posegan_plugin.for_torchreid.yaml_networks import (
    build_generator,
    build_teacher,
    keypoint_files,
    speed_up,
    speed_up_model,
)
from posegan_plugin.models import AppearanceDiscriminator, PoseDiscriminator
from posegan_plugin.training import build_objectives, with_fused

_DISCRIMINATORS = {"appearance": AppearanceDiscriminator, "pose": PoseDiscriminator}


def build_engine(config: Section, datamanager: object) -> SafeEngine:
    """Model, optimiser and engine; with a ``posegan`` section also its networks and people.

    Args:
        config: The config; with ``test.evaluate`` only what a test needs is built.
        datamanager: torchreid's.

    Returns:
        An engine, whose attribute ``scores`` holds (CMC, mAP) of each target after a test.

    Raises:
        UserError: Something in the config that cannot be built.
    """
    engine = _engine(config, datamanager)
    options = config.posegan
    if not options:
        return engine
    engine.test_mirror = options.test_mirror
    if options.test_poses:
        engine.standard_poses = StandardPoses(
            datamanager,
            _generator_of(engine, config, datamanager),
            keypoint_files(config),
            options.test_poses,
        )
    return engine


def _engine(config: Section, datamanager: object) -> SafeEngine:
    mode = config.posegan.mode if config.posegan else "baseline"
    quartet = mode in ("quartet", "online_quartet")
    loss = "triplet" if quartet or mode == "joint" else config.loss.name
    model = build_model(config, datamanager.num_train_pids, loss)
    if mode != "baseline" and not config.test.evaluate:
        speed_up_model(config, model)
    if config.use_gpu:
        # torchreid's script has it, and its checkpoints therefore have names with "module.".
        model = model.cuda() if mode == "joint" else nn.DataParallel(model).cuda()
    optimizer, scheduler = build_optimizer(config, model)
    if mode == "joint" and not config.test.evaluate:
        return _joint(config, datamanager, model, optimizer, scheduler)
    if mode.startswith("online") and not config.test.evaluate:
        datamanager = _with_synthesised_people(config, datamanager, model)
    parts = {
        "datamanager": datamanager,
        "model": model,
        "optimizer": optimizer,
        "scheduler": scheduler,
        "use_gpu": config.use_gpu,
        "label_smooth": config.loss.softmax.label_smooth,
    }
    if quartet:
        from posegan_plugin.for_torchreid.quartet_engine import ImageQuartetEngine

        engine = _recording(ImageQuartetEngine)(
            **parts, amp=config.posegan.amp, seed=config.train.seed
        )
        engine.objective = build_objectives(**_objective(config))[1]
        return engine
    if config.posegan and config.posegan.amp and not config.test.evaluate:
        raise UserError(
            "posegan.amp needs an engine of this plugin, torchreid's own have no mixed precision; "
            "choose posegan.mode online_quartet, or posegan.amp: False"
        )
    if loss == "triplet":
        parts.update(config.loss.triplet)
        return _recording(torchreid_module("engine").ImageTripletEngine)(**parts)
    return _recording(torchreid_module("engine").ImageSoftmaxEngine)(**parts)


@cache
def _recording(engine: type) -> type:
    """The engine with this plugin's safety, keeping the scores that torchreid only prints."""

    class Engine(*(() if issubclass(engine, SafeEngine) else (SafeEngine,)), engine):
        def _evaluate(self, dataset_name: str = "", **options: object) -> tuple:
            metrics = torchreid_module("metrics")
            rank = metrics.evaluate_rank

            def remember(*args: object, **kwargs: object) -> tuple:
                scores = rank(*args, **kwargs)
                self.__dict__.setdefault("scores", {})[dataset_name] = scores
                return scores

            metrics.evaluate_rank = remember
            try:
                return super()._evaluate(dataset_name=dataset_name, **options)
            finally:
                metrics.evaluate_rank = rank

    Engine.__name__ = Engine.__qualname__ = engine.__name__
    return Engine


def _objective(config: Section) -> dict[str, object]:
    smoothing = 0.1 if config.loss.softmax.label_smooth else 0.0
    return {**config.posegan.objective, "label_smoothing": smoothing}


def _joint(
    config: Section, datamanager: object, model: nn.Module, optimizer: object, scheduler: object
) -> SafeEngine:
    from posegan_plugin.for_torchreid.pose_gan_engine import PoseGANEngine

    options = config.posegan
    policy = SynthesisPolicy(**options.augment)
    generator = build_generator(config, datamanager)
    people = TrainPeople(datamanager, keypoint_files(config), tuple(options.generator.image_size))
    networks = {"generator": generator}
    for name in options.discriminators:
        check_choice("posegan.discriminators", name, tuple(_DISCRIMINATORS))
        key = f"{name}_discriminator"
        networks[key] = _DISCRIMINATORS[name](**options[key])
    speed_up(config, networks.values())
    device = "cuda" if config.use_gpu else "cpu"
    adam = {"lr": options.gan_lr, "betas": tuple(options.gan_betas)}
    adam = with_fused(torch.optim.Adam, adam, device)
    # Adam keeps its state where the parameters are.
    optimizers = {
        key: torch.optim.Adam(network.to(device).parameters(), **adam)
        for key, network in networks.items()
    }
    schedulers = {key: build_scheduler(config, o) for key, o in optimizers.items()}
    teacher = build_teacher(config, datamanager)
    if teacher is not None:
        size = (datamanager.height, datamanager.width)
        prepare = partial(people.to_network, size=size)
        teacher = teacher_of(teacher, prepare, datamanager.num_train_pids)
    print(f"=> Pose transfer: {people.summary(policy.min_joints)}")
    return _recording(PoseGANEngine)(
        datamanager,
        model,
        generator,
        networks.get("appearance_discriminator"),
        networks.get("pose_discriminator"),
        optimizers={"reid": optimizer, **optimizers},
        schedulers={"reid": scheduler, **schedulers},
        people=people,
        objective=_objective(config),
        policy=policy,
        reid_to_generator=options.reid_to_generator,
        max_pairs=options.max_pairs,
        teacher=teacher,
        use_gpu=config.use_gpu,
        amp=options.amp,
        seed=config.train.seed,
    )


def _generator_of(engine: SafeEngine, config: Section, datamanager: object) -> nn.Module:
    """The one that the engine trains or adds people with, or that of ``posegan.checkpoint``."""
    if "generator" in engine.get_model_names():
        return engine._models["generator"]
    if isinstance(engine.datamanager, PoseTransferDataManager):
        return engine.datamanager.generator
    if not config.posegan.checkpoint:
        raise UserError(
            "posegan.test_poses needs posegan.checkpoint, the save_dir of a joint run or a checkpoint "
            "that holds a trained generator"
        )
    return build_generator(config, datamanager)


def _with_synthesised_people(
    config: Section, datamanager: object, model: nn.Module
) -> PoseTransferDataManager:
    if not config.posegan.checkpoint:
        raise UserError(
            f"posegan.mode {config.posegan.mode!r} needs posegan.checkpoint, the save_dir of a joint "
            "run or a checkpoint that holds a trained generator"
        )
    generator = build_generator(config, datamanager)
    speed_up(config, [generator])
    return PoseTransferDataManager(
        datamanager,
        generator,
        keypoint_files(config),
        SynthesisPolicy(**config.posegan.augment),
        teacher=build_teacher(config, datamanager),
        encoder=model,
    )
