import numpy as np
import pytest
import torch

from posegan_plugin.errors import UserError
from posegan_plugin.evaluation.transfer_pairs import TransferPairs
from posegan_plugin.visualization import colour_bar, mask_over_image
from posegan_plugin.visualization.figures import mask_figure

PAIRS = TransferPairs(np.array([0]), np.array([5]))
VALUES = [(0.2, 0.4), (0.5, 0.5), (0.0, 1.0), (0.6, 0.61)]


def columns(picture, box, count=8):
    """The cells of the only row, from left to right, of which the first is the condition."""
    first = box(picture, (0, 20, 200))
    lefts = [first.left + 102 * n for n in range(count)]
    return [picture[first.top : first.top + 192, left : left + 96] for left in lefts]


def brightness(cell):
    return cell[5:10].mean(), cell[-10:-5].mean()


def test_masks_lie_over_their_images(people, masked, box):
    cells = columns(mask_figure(masked(VALUES), people, PAIRS), box)
    assert len({cell.shape for cell in cells}) == 1
    condition, _, first, flat, _, synthesised, third, fourth = cells
    assert (condition == (0, 20, 200)).all()
    assert (synthesised == (0, 250, 200)).all()
    for cell in (first, third, fourth):  # the ramp of each mask goes down the image
        top, bottom = brightness(cell)
        assert bottom > top + 30
    top, bottom = brightness(flat)
    assert top == bottom


def test_each_module_has_its_own_range(people, masked, box):
    """A narrow range and a wide one with the same course look alike over the same image."""
    cells = columns(mask_figure(masked(VALUES), people, PAIRS), box)
    np.testing.assert_allclose(cells[6].astype(int), cells[7], atol=3)
    other = [(0.2, 0.4), (0.5, 0.5), (1.0, 0.0), (0.6, 0.61)]
    turned = columns(mask_figure(masked(other), people, PAIRS), box)[6]
    assert brightness(turned)[0] > brightness(turned)[1]


def test_one_range_for_all_rows(people, masked, box):
    """Row 1 has everywhere the lowest value of row 0, not the middle of its own range."""
    network = masked(VALUES)
    plain = network.generate_with_masks

    def darker(*arguments):
        image, paan, pagn = plain(*arguments)
        paan[0] = paan[0].clone()
        paan[0][1] = 0.2
        return image, paan, pagn

    network.generate_with_masks = darker
    two = TransferPairs(np.array([0, 2]), np.array([5, 3]))
    picture = mask_figure(network, people, two)
    cell = box(picture, (20, 20, 200))
    low = picture[cell.top : cell.top + 192, cell.left + 204 : cell.left + 300]
    image = np.full((192, 96, 3), (20, 20, 200), dtype=np.uint8)
    np.testing.assert_array_equal(low, mask_over_image(image, np.zeros((8, 4))))


def test_legend_shows_the_colours(people, masked):
    picture = mask_figure(masked(VALUES), people, PAIRS)
    bar = colour_bar()
    below = picture[-40:]
    found = [
        np.array_equal(below[y : y + 12, 8:128], bar) for y in range(len(below) - len(bar) + 1)
    ]
    assert any(found)


def test_what_a_part_warp_shows_stands_before_the_synthesised_image(people, masked, box):
    network = masked(VALUES)
    asked = []

    def warp(*arguments):
        asked.append(arguments)
        return torch.ones(1, 4, *people.image_size)  # white

    network.part_warp = warp
    cells = columns(mask_figure(network, people, PAIRS), box, 9)
    assert (cells[5] == 255).all()
    assert (cells[6] == (0, 250, 200)).all()
    ((condition, condition_pose, target_pose),) = asked
    torch.testing.assert_close(condition_pose, people.keypoints[:1])
    torch.testing.assert_close(target_pose, people.keypoints[5:6])
    assert condition.shape == (1, 3, *people.image_size)


def test_a_generator_without_masks(people, generator):
    with pytest.raises(UserError, match="Generator, which has no attention masks"):
        mask_figure(generator(70), people, PAIRS)
