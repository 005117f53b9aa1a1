import contextlib
import io

import pytest
import torch

pytest.importorskip("torchreid")

from posegan_plugin.augment import SynthesisPolicy
from posegan_plugin.errors import UserError
from posegan_plugin.for_torchreid import PoseTransferDataManager, register
from posegan_plugin.for_torchreid.resolver import torchreid_module

MESSAGE = "the transform 'pose_transfer' needs PoseTransferDataManager around the data manager"


def manager(tiny, transforms, **options):
    register()
    with contextlib.redirect_stdout(io.StringIO()):
        return torchreid_module("data").ImageDataManager(
            root=str(tiny.data_root),
            sources="procedural_people",
            height=32,
            width=16,
            transforms=transforms,
            batch_size_train=8,
            use_gpu=False,
            **{"workers": 0, **options},
        )


def steps(datamanager):
    return [type(step).__name__ for step in datamanager.transform_tr.transforms]


@pytest.mark.parametrize("workers", [0, 1])
def test_without_the_wrapper_it_says_what_to_do(tiny, workers):
    plain = manager(tiny, ["random_flip", "pose_transfer"], workers=workers)
    with pytest.raises(UserError) as error:
        next(iter(plain.train_loader))
    # Without the traceback that a worker process puts into the message.
    assert str(error.value).startswith(MESSAGE)
    assert "\n" not in str(error.value)


def test_evaluation_needs_no_wrapper(tiny):
    plain = manager(tiny, "pose_transfer")
    loader = plain.test_loader["procedural_people"]["query"]
    assert next(iter(loader))["img"].shape[1:] == (3, 32, 16)


@pytest.mark.parametrize("workers", [0, 1])
@pytest.mark.parametrize("name", ["pose_transfer", "Pose_Transfer"])
def test_with_the_wrapper_the_rest_of_the_list_is_torchreids(tiny, workers, name):
    asked = manager(tiny, [name, "random_flip", "random_erase"], workers=workers)
    plain = manager(tiny, ["random_flip", "random_erase"], workers=workers)
    mixed = PoseTransferDataManager(asked, None, {}, SynthesisPolicy(ratio=0))
    assert steps(asked) == steps(plain)
    assert len(next(iter(mixed.train_loader))["pid"]) == 8


@pytest.mark.parametrize("given", [None, [], "random_flip", ["color_jitter", "random_patch"]])
def test_other_lists_are_passed_on_as_they_are(given, capsys):
    register()
    module = torchreid_module("data.datamanager")
    original = module.build_transforms.__wrapped__
    answers = []
    for build in (original, module.build_transforms):
        train, test = build(8, 4, transforms=given, norm_mean=[0.5] * 3, norm_std=[0.1, 0.2, 0.3])
        answers.append((repr(test), [type(s) for s in train.transforms], capsys.readouterr().out))
    assert answers[0] == answers[1]


def test_what_torchreid_refuses_is_still_refused():
    register()
    with pytest.raises(ValueError, match="must be a list of strings"):
        torchreid_module("data.datamanager").build_transforms(8, 4, ("pose_transfer",))


@pytest.mark.parametrize("name", ["posetransfer", "pose-transfer", "pose_transfers"])
def test_a_slip_is_not_ignored(tiny, name):
    with pytest.raises(UserError, match=f"transform '{name}' is unknown; did you mean"):
        manager(tiny, ["random_flip", name])


def test_images_are_the_same_with_and_without_the_name(tiny):
    batches = []
    for transforms in (["random_flip"], ["random_flip", "pose_transfer"]):
        policy = SynthesisPolicy(ratio=0)
        mixed = PoseTransferDataManager(manager(tiny, transforms), None, {}, policy)
        torch.manual_seed(0)
        batches.append(next(iter(mixed.train_loader))["img"])
    assert torch.equal(*batches)
