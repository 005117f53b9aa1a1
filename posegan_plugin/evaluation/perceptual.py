"""LPIPS and FID: what networks trained on photographs think of the images.

Both networks come from files that the user names; nothing is downloaded.
"""

from __future__ import annotations

import warnings
from pathlib import Path

import torch
from torch import Tensor, nn

from posegan_plugin.checkpoint import load_network, read_checkpoint
from posegan_plugin.errors import UserError
from posegan_plugin.evaluation.transfer_samples import TransferSamples
from posegan_plugin.visualization.grid import to_uint8

# Smallest height and width that the backbones' poolings leave something of.
_LPIPS_BACKBONES = {"alex": ("alexnet", 31), "vgg": ("vgg16", 16)}
_INSTALL = "pip install 'posegan_plugin[scores]'"
_FID_IMAGES = 2048  # with fewer, the covariance of the 2048 features has no full rank


class LPIPS:
    """Perceptual distance of I_g and I_t (Zhang et al., 2018), 0 for equal images.

    Version 0.1 with the linear weights that torchmetrics brings, on images in [-1, 1] at the
    generator's size.

    Args:
        weights: State dict of torchvision's ``alexnet`` or ``vgg16`` with ImageNet weights, such as
            alexnet-owt-7be5be79.pth; of it, only ``features`` is used.
        net: ``alex`` or ``vgg``; figures of one cannot be compared with those of the other.
        image_size: (height, width) of the images to come.

    Raises:
        UserError: An unknown net, images too small for it, or a file that does not hold it.
    """

    def __init__(
        self, weights: str | Path, net: str = "alex", image_size: tuple[int, int] | None = None
    ) -> None:
        if net not in _LPIPS_BACKBONES:
            raise UserError(f"LPIPS net={net!r} is unknown; choose 'alex' or 'vgg'")
        architecture, smallest = _LPIPS_BACKBONES[net]
        if image_size is not None and min(image_size) < smallest:
            raise UserError(
                f"LPIPS with net={net!r} needs images of at least {smallest}x{smallest} pixels, but "
                f"the generator makes {image_size[0]}x{image_size[1]}; leave LPIPS out"
            )
        try:
            # The public class and function would fetch the backbone from the network.
            from torchmetrics.functional.image.lpips import _LPIPS
        except ImportError as error:
            raise UserError("LPIPS needs torchmetrics: " + _INSTALL) from error

        self.network = _LPIPS(net=net, pnet_rand=True)
        slices = self.network.net.children()
        layers = nn.ModuleDict({name: m for part in slices for name, m in part.named_children()})
        read_checkpoint(weights)
        try:
            load_network(layers, weights, "features")
        except UserError as error:
            raise UserError(
                f"LPIPS weights {weights} are not the state dict of torchvision's {architecture}, "
                f"which net={net!r} needs: name another file"
            ) from error
        self.protocols = {
            "LPIPS": f"with the true target, lower is better; v0.1, {architecture} of "
            f"{Path(weights).name}, images of the generator's size"
        }

    def __call__(self, samples: TransferSamples) -> dict[str, Tensor]:
        """Score samples, see :class:`posegan_plugin.evaluation.transfer_samples.TransferScore`."""
        network = self.network.to(samples.device)
        images = (samples.generated.clamp(-1, 1), samples.targets)
        return {
            "LPIPS": samples.in_batches(
                lambda a, b: network(a, b).flatten(), *images, label="LPIPS"
            )
        }


class FID:
    """Fréchet distance (Heusel et al., 2017) of the sets of all I_g and all I_t, 0 for equal sets.

    2048 features of the Inception network of the original paper, on images rounded to 8 bits and
    enlarged to 299x299 as TensorFlow 1 does. Both sets are of the same pairs: a target that stands in
    several of them counts as often. The distance grows as the images get fewer, so that only figures
    of equally many pairs can be compared; below 2048 a warning says so.

    Args:
        weights: torch-fidelity's weights-inception-2015-12-05-6726825d.pth (the same file as
            pytorch-fid's pt_inception-2015-12-05-6726825d.pth).

    Raises:
        UserError: torch-fidelity is not installed, or the file is missing, holds code, or is of
            another network.
    """

    def __init__(self, weights: str | Path) -> None:
        read_checkpoint(weights)  # refuses code, which torch-fidelity would run
        try:
            import torch_fidelity  # noqa: F401 - torchmetrics builds the network on it
            from torchmetrics.image.fid import NoTrainInceptionV3
        except ImportError as error:
            raise UserError("FID needs torchmetrics and torch-fidelity: " + _INSTALL) from error

        try:
            self.inception = NoTrainInceptionV3("inception-v3-compat", ["2048"], str(weights))
        except (RuntimeError, TypeError) as error:
            raise UserError(
                f"FID weights {weights} are not those of the Inception network: use torch-fidelity's "
                "weights-inception-2015-12-05-6726825d.pth"
            ) from error
        self.inception.use_antialias = False  # newer torchmetrics would resize in another way
        self.protocols = {
            "FID": "set of synthesised images against their true targets, lower is better; 2048 "
            f"features of {Path(weights).name}, 299x299 as TensorFlow 1"
        }

    def __call__(self, samples: TransferSamples) -> dict[str, float]:
        """Score samples, see :class:`posegan_plugin.evaluation.transfer_samples.TransferScore`."""
        if len(samples.pairs) < _FID_IMAGES:
            warnings.warn(
                f"FID over {len(samples.pairs)} pairs is biased upwards and can be compared only with "
                f"figures of as many; use at least {_FID_IMAGES} pairs.",
                stacklevel=2,
            )
        inception = self.inception.to(samples.device)
        generated, targets = (
            samples.in_batches(lambda part: inception(_eight_bits(part)), images, label="FID")
            for images in (samples.generated, samples.targets)
        )
        return {"FID": frechet_distance(generated, targets)}


def frechet_distance(generated: Tensor, target: Tensor) -> float:
    """Fréchet distance of the normal distributions of two sets of features.

    Args:
        generated: (N, D) float.
        target: (M, D) float.

    Returns:
        The distance, at least 0 but for rounding.
    """
    from torchmetrics.image.fid import FrechetInceptionDistance

    given = nn.Identity()
    given.num_features = generated.shape[1]  # torchmetrics would find out with an image
    metric = FrechetInceptionDistance(feature=given)
    metric.update(generated, real=False)
    metric.update(target, real=True)
    return metric.compute().item()


def _eight_bits(images: Tensor) -> Tensor:
    """(B, 3, H, W) in [-1, 1] -> uint8, on the same device."""
    return torch.from_numpy(to_uint8(images)).permute(0, 3, 1, 2).to(images.device)
