"""How well a joint network finds the joints of people it was not trained on."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.utils.data import DataLoader

from posegan_plugin.datasets import PersonDataset
from posegan_plugin.evaluation.pose_accuracy import mean_pck, pck
from posegan_plugin.images import to_imagenet
from posegan_plugin.models.joint_network import JointNetwork, decode_simcc
from posegan_plugin.pose import COCO17_JOINTS, JOINTS, to_openpose18
from posegan_plugin.pose.threshold import drop_unsure
from posegan_plugin.training.joint_frames import FramedPeople, frame_people


@dataclass(frozen=True)
class JointScores:
    """Scores of each of the 18 joints (18,), and of all joints of all people together.

    Attributes:
        counts: People who have the joint.
        pck: Of the joints that are there, the share that was found within a tenth of the image's
            height, see :func:`posegan_plugin.evaluation.pose_accuracy.pck`.
        pck_fine: The same within a twentieth.
        precision: Of the joints that were found, the share that is there.
        recall: Of the joints that are there, the share that was found, wherever.
        overall: The four over all joints of all people.
    """

    counts: Tensor
    pck: Tensor
    pck_fine: Tensor
    precision: Tensor
    recall: Tensor
    overall: tuple[float, float, float, float]

    def table(self) -> str:
        """One line a joint, and one for all."""
        columns = ("PCK@0.1", "PCK@0.05", "precision", "recall")
        lines = [f"{'joint':<15}{'people':>8}" + "".join(f"{c:>11}" for c in columns)]
        shares = torch.stack((self.pck, self.pck_fine, self.precision, self.recall), dim=-1)
        rows = [*zip(JOINTS, self.counts.tolist(), shares.tolist(), strict=True)]
        for name, count, values in [*rows, ("all", int(self.counts.sum()), self.overall)]:
            lines.append(f"{name:<15}{count:>8}" + "".join(f"{v:>11.3f}" for v in values))
        return "\n".join(lines)


@torch.no_grad()
def evaluate_joints(
    network: JointNetwork, people: PersonDataset, threshold: float = 0.3, batch_size: int = 256
) -> JointScores:
    """Find the joints of people and compare with their key points.

    Args:
        network: In evaluation mode; its input size is that of ``people``.
        people: Images with key points; those without any joint are left out.
        threshold: Score from which a joint counts as found.
        batch_size: People at a time.
    """
    device = next(network.parameters()).device
    framed = FramedPeople(people)
    found = [
        find_joints(network, frame_people(*batch)[0].to(device), threshold)
        for batch in DataLoader(framed, batch_size)
    ]
    return score_joints(
        _in_heights(torch.cat(found), framed), _in_heights(framed.keypoints, framed)
    )


def score_mean_pose(train: PersonDataset, test: PersonDataset) -> JointScores:
    """Scores of the answer that looks at no image: the mean places of the training people's joints."""
    known, asked = FramedPeople(train), FramedPeople(test)
    places = _in_heights(known.keypoints, known)
    there = (places[..., 2:] > 0).float()
    mean = (places * there).sum(dim=0) / there.sum(dim=0)
    return score_joints(mean.expand(len(asked), -1, -1), _in_heights(asked.keypoints, asked))


@torch.no_grad()
def find_joints(network: JointNetwork, frames: Tensor, threshold: float) -> Tensor:
    """The 18 joints of people in frames, the neck as the middle of the shoulders.

    Args:
        network: In evaluation mode.
        frames: (N, 3, H, W) in [-1, 1], see
            :func:`posegan_plugin.training.joint_frames.frame_people`.
        threshold: Joints with a lower score are missing.

    Returns:
        Key points (N, 18, 3) in pixels of the frames, on the CPU.
    """
    joints = decode_simcc(*network(to_imagenet(frames))).cpu().numpy()
    sure = to_openpose18(drop_unsure(joints, threshold), COCO17_JOINTS)
    return torch.from_numpy(sure)


def score_joints(found: Tensor, true: Tensor) -> JointScores:
    """Scores of key points (N, 18, 3), both in heights of the image."""
    is_found, is_there = found[..., 2] > 0, true[..., 2] > 0
    hits = is_found & is_there
    return JointScores(
        counts=is_there.sum(dim=0),
        pck=pck(found, true, 1.0),
        pck_fine=pck(found, true, 1.0, fraction=0.05),
        precision=hits.sum(dim=0) / is_found.sum(dim=0),
        recall=hits.sum(dim=0) / is_there.sum(dim=0),
        overall=(
            mean_pck(found, true, 1.0),
            mean_pck(found, true, 1.0, fraction=0.05),
            (hits.sum() / is_found.sum()).item(),
            (hits.sum() / is_there.sum()).item(),
        ),
    )


def _in_heights(keypoints: Tensor, people: FramedPeople) -> Tensor:
    """Key points in pixels of frames -> from the image's middle, in heights of the image file."""
    height, width = people.people.image_size
    places = keypoints[..., :2] - keypoints.new_tensor([(width - 1) / 2, (height - 1) / 2])
    unit = people.zooms[:, 1, None, None] / height
    return torch.cat((places * unit, keypoints[..., 2:]), dim=-1)
