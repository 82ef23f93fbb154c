"""Aug1: its operations of colour, and how they are drawn."""

import pytest
import torch
from torchvision.transforms.v2 import functional as F

from prn_lib.synthesis.augment import COLOURS, adjust_sharpness, aug1, random_operations
from synthesizers import generator, random_images


@pytest.mark.parametrize("name", COLOURS)
def test_colour_operations_keep_shape_and_range_and_change_the_image(name):
    image = 0.2 + 0.5 * random_images(2, 4)
    strengths = COLOURS[name].strengths
    for strength in [()] if strengths is None else [(strengths[0],), (strengths[1],)]:
        changed = COLOURS[name].apply(image, *strength)
        assert changed.shape == image.shape
        assert changed.min() >= 0
        assert changed.max() <= 1
        assert not torch.equal(changed, image)


def test_sharpness_is_torchvisions():
    image = random_images(2, 5)
    for factor in (0.5, 1.5, 4.0):
        expected = F.adjust_sharpness(image, factor)
        assert torch.allclose(adjust_sharpness(image, factor), expected, atol=1e-6)


def test_every_image_gets_its_own_two_operations():
    """Computed in groups, each comes out as if it had been alone."""
    images = random_images(40, 6, 16)
    operations = random_operations(40, generator(2))
    together = aug1(images, operations)
    for image, pair, result in zip(images, operations, together, strict=True):
        for name, strength in pair:
            arguments = () if strength is None else (strength,)
            image = COLOURS[name].apply(image[None], *arguments)[0]
        assert torch.equal(image, result)


def test_operations_differ_and_are_equally_likely():
    pairs = random_operations(4200, generator(1))
    assert all(first[0] != second[0] for first, second in pairs)
    counts = {name: sum(name in (a[0], b[0]) for a, b in pairs) for name in COLOURS}
    assert all(abs(count - 1200) < 150 for count in counts.values())  # 2/7 of 4200
    for name, colour in COLOURS.items():
        drawn = [s for pair in pairs for n, s in pair if n == name]
        if colour.strengths is None:
            assert set(drawn) == {None}
        elif isinstance(colour.strengths[0], int):
            assert set(drawn) == set(range(colour.strengths[0], colour.strengths[1] + 1))
        else:
            low, high = colour.strengths
            assert low <= min(drawn) < low + 0.05 * (high - low)
            assert high - 0.05 * (high - low) < max(drawn) < high
