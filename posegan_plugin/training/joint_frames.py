"""People as RTMPose's pre-processing shows them to its network, with random changes in training.

RTMPose puts a margin of an eighth around the person's box, keeps the aspect ratio and fills up with
black. A network that is to take its place has to be trained on what it will see.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.utils.data import Dataset

from posegan_plugin.datasets import PersonDataset
from posegan_plugin.image_files import image_size
from posegan_plugin.pose import drop_outside, flip_keypoints

PADDING = 1.25
"""Size of RTMPose's frame in sizes of the person's box; the whole image is the box here."""


class FramedPeople(Dataset):
    """The people of a data set who have key points, and the frame of each.

    People without any joint are left out: nobody looked for their joints, or nobody found them.

    Args:
        people: Whole images, brought to the network's input size.

    Attributes:
        keypoints: (M, 18, 3) of all people, in pixels of the frames.
        zooms: (M, 2), see :func:`frame_people`.
    """

    def __init__(self, people: PersonDataset) -> None:
        self.people = people
        self.rows = people.joint_counts.nonzero().flatten().tolist()
        stored = [image_size(people.people[row].path) for row in self.rows]
        self.zooms = torch.tensor([frame_zoom(s, people.image_size) for s in stored]).view(-1, 2)
        self.keypoints = frame_keypoints(
            people.keypoints[self.rows], people.image_size, self.zooms, torch.zeros(2)
        )

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor, Tensor]:
        """Image uint8 (3, H, W), key points (18, 3) in its pixels, and zoom (2,) of the frame."""
        item = self.people[self.rows[index]]
        return item["image"], item["keypoints"], self.zooms[index]


def frame_zoom(stored: tuple[int, int], size: tuple[int, int]) -> tuple[float, float]:
    """How much wider and higher RTMPose's frame is than the image.

    Args:
        stored: (height, width) of the image file.
        size: (height, width) of the network's input, whose aspect ratio the frame has.

    Returns:
        Width and height of the frame in widths and heights of the image, at least 1.25.
    """
    stretch = (stored[0] * size[1]) / (stored[1] * size[0])
    return PADDING * max(1.0, stretch), PADDING * max(1.0, 1 / stretch)


def frame_people(
    images: Tensor, keypoints: Tensor, zoom: Tensor, shift: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Cut frames out of images (black outside), and let the key points follow.

    Args:
        images: uint8 (N, 3, H, W), whole images brought to the network's input size.
        keypoints: (N, 18, 3) in pixels of ``images``.
        zoom: (N, 2), width and height of each frame in widths and heights of the image.
        shift: (N, 2), the frame's centre from the image's, in halves of its width and height.
            Defaults to None, no shift.

    Returns:
        RGB frames (N, 3, H, W) in [-1, 1], and key points (N, 18, 3) in pixels of the frames;
        those outside are missing.
    """
    count, _, height, width = images.shape
    shift = torch.zeros_like(zoom) if shift is None else shift
    theta = torch.cat((torch.diag_embed(zoom), shift[..., None]), dim=-1)
    grid = F.affine_grid(theta, [count, 1, height, width], align_corners=False)
    frames = F.grid_sample(images / 255, grid, padding_mode="zeros", align_corners=False)
    return 2 * frames - 1, frame_keypoints(keypoints, (height, width), zoom, shift)


def frame_keypoints(
    keypoints: Tensor, size: tuple[int, int], zoom: Tensor, shift: Tensor
) -> Tensor:
    """Key points (N, 18, 3) in pixels of the frames; see :func:`frame_people`."""
    # In coordinates of [-1, 1], in which place in the image = zoom * place in the frame + shift.
    extent = zoom.new_tensor(size[::-1])
    place = (2 * keypoints[..., :2] + 1) / extent - 1
    place = (place - shift[..., None, :]) / zoom[:, None]
    place = ((place + 1) * extent - 1) / 2
    return drop_outside(torch.cat((place, keypoints[..., 2:]), dim=-1), size)


def augmented_frames(images: Tensor, keypoints: Tensor, zoom: Tensor) -> tuple[Tensor, Tensor]:
    """As :func:`frame_people`, with random frame, mirroring and colours.

    The random numbers come from the CPU's default generator: the same on every device.
    """
    count, device = len(images), images.device
    # The person may be a quarter larger or smaller, a tenth wider or higher, and off the middle.
    zoom = zoom * (1 + 0.25 * _symmetric(count, 1) + 0.1 * _symmetric(count, 2)).to(device)
    shift = 0.2 * _symmetric(count, 2).to(device)
    frames, keypoints = frame_people(images, keypoints, zoom, shift)
    mirrored = (torch.rand(count) < 0.5).to(device)
    frames = torch.where(mirrored[:, None, None, None], frames.flip(-1), frames)
    keypoints = flip_keypoints(keypoints, frames.shape[-1], mask=mirrored)
    contrast = 1 + 0.3 * _symmetric(count, 3, 1, 1).to(device)
    brightness = 0.3 * _symmetric(count, 1, 1, 1).to(device)
    return (frames * contrast + brightness).clamp(-1, 1), keypoints


def _symmetric(*shape: int) -> Tensor:
    """Uniform in [-1, 1)."""
    return 2 * torch.rand(shape) - 1
