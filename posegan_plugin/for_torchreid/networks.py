"""torchreid's models as what a synthesis policy asks: an encoder, a teacher."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

from torch import Tensor, nn

from posegan_plugin.augment.policy import Encoder
from posegan_plugin.errors import UserError
from posegan_plugin.training import frozen

Network = Callable[[Tensor], Tensor]
"""A torchreid model, or a callable: images as torchreid's batches have them -> one vector each."""


def encoder_of(network: Network, prepare: Callable[[Tensor], Tensor]) -> Encoder:
    """Embeddings of images in [-1, 1].

    Args:
        network: A callable, or a torchreid model, which may be the one that is being trained.
        prepare: Images in [-1, 1] -> what the network takes.
    """

    def encode(images: Tensor) -> Tensor:
        with _evaluating(network) as used:
            return used(prepare(images))

    return encode


def teacher_of(
    network: Network, prepare: Callable[[Tensor], Tensor], num_identities: int
) -> Encoder:
    """Logits of images in [-1, 1].

    Args:
        network: A callable that gives logits, or a torchreid model.
        prepare: Images in [-1, 1] -> what the network takes.
        num_identities: Training identities.
    """

    def teach(images: Tensor) -> Tensor:
        with _evaluating(network) as used:
            logits = used(prepare(images))
            # torchreid's models give features when they are not training.
            if isinstance(getattr(used, "classifier", None), nn.Module):
                logits = used.classifier(logits)
        if logits.shape[1] != num_identities:
            raise UserError(
                f"the teacher gives {logits.shape[1]} values an image, the training set has "
                f"{num_identities} identities; take a teacher that was trained on this set"
            )
        return logits

    return teach


@contextmanager
def _evaluating(network: Network) -> Iterator[Network]:
    network = getattr(network, "module", network)  # inside DataParallel
    with frozen(network, evaluation=True) if isinstance(network, nn.Module) else nullcontext():
        yield network
