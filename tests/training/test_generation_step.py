from collections import OrderedDict
from contextlib import nullcontext

import pytest
import torch
from torch import nn

from posegan_plugin.losses import ObjectiveWeights, perceptual_loss
from posegan_plugin.training import GenerationObjective, GenerationStep, PosePairs


@pytest.mark.parametrize("wrapped", [False, True])
def test_layers_of_the_encoder_are_found_inside_a_wrapper(wrapped):
    """As in torchreid's scripts, whose models are inside ``nn.DataParallel``."""
    torch.manual_seed(0)
    layers = nn.Sequential(OrderedDict(conv1=nn.Conv2d(3, 2, 3), relu=nn.ReLU()))
    encoder = nn.DataParallel(layers) if wrapped else layers
    images, poses = torch.rand(2, 2, 3, 16, 8), torch.zeros(2, 2, 18, 3)
    pairs = PosePairs(images[0], poses[0], images[1], poses[1], torch.zeros(2, dtype=torch.int64))
    weights = ObjectiveWeights(perceptual=1.0)
    step = GenerationStep(
        nn.Identity(),
        (None, None),
        (False, False),
        encoder,
        lambda image: encoder(image).mean((2, 3)),
        GenerationObjective(weights, perceptual_layers=("conv1",)),
        nullcontext,
    )
    _, log = step.generator_losses(pairs, images[0], 1.0)
    expected = perceptual_loss([layers.conv1(images[0])], [layers.conv1(images[1])])
    assert log["loss_F"].item() == pytest.approx(expected.item())
    assert expected.item() > 0
