import math

import pytest
import torch
from torch import nn

from posegan_plugin.models import PAAN
from posegan_plugin.models.paan import PAANModule


def rand(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_equations_1_and_2_by_hand():
    module = PAANModule(1)
    module.pose, module.appearance = nn.Identity(), nn.Identity()
    f_I = torch.tensor([2.0, -1.0]).reshape(1, 1, 1, 2)
    f_P = torch.tensor([math.log(3), -math.log(3)]).reshape(1, 1, 1, 2)  # sigmoid: 3/4, 1/4
    new_I, new_P, mask = module(f_I, f_P)
    assert mask.flatten().tolist() == pytest.approx([0.75, 0.25])
    assert new_I.flatten().tolist() == pytest.approx([0.75 * 2 + 2, -0.25 - 1])
    assert new_P.flatten().tolist() == pytest.approx([math.log(3), 0])


def test_pose_branch_ends_before_its_relu_and_appearance_branch_with_one():
    module = PAANModule(4)
    x = rand(2, 4, 4, 4)
    assert (module.pose(x) < 0).any()
    assert module.appearance(x).min() == 0


def test_masks_lie_strictly_between_0_and_1_on_both_sides_of_one_half():
    torch.manual_seed(0)
    _, f_P, masks = PAAN(8, 3)(rand(2, 8, 8, 4), rand(2, 8, 8, 4, seed=1))
    assert len(masks) == 3
    for mask in masks:
        assert mask.shape == (2, 8, 8, 4)
        assert 0 < mask.min() < 0.5 < mask.max() < 1
    assert f_P.min() == 0


def test_a_closed_mask_leaves_the_appearance_as_it_was():
    module = PAANModule(4, "none")
    nn.init.zeros_(module.pose[1][0].weight)
    nn.init.constant_(module.pose[1][0].bias, -100.0)
    f_I = rand(1, 4, 4, 4)
    assert torch.equal(module(f_I, rand(1, 4, 4, 4, seed=1))[0], f_I)


@pytest.mark.parametrize("blocks", [1, 2, 8])
def test_blocks_run_in_sequence(blocks):
    torch.manual_seed(0)
    network = PAAN(4, blocks).eval()
    f_I, f_P = rand(1, 4, 4, 4), rand(1, 4, 4, 4, seed=1)
    out_I, out_P, masks = network(f_I, f_P)
    assert len(masks) == blocks
    for block in network.blocks:
        mask = torch.sigmoid(block.pose(f_P))
        f_I = mask * block.appearance(f_I) + f_I
        f_P = block.pose(f_P).clamp(min=0)
    assert torch.allclose(out_I, f_I, atol=1e-6)
    assert torch.allclose(out_P, f_P, atol=1e-6)
    assert torch.allclose(masks[-1], mask, atol=1e-6)
