"""Random pixels of masks: where they lie and how often."""

import math

import torch

from prn_lib.synthesis.draws import random_pixels
from synthesizers import generator


def test_random_pixels_are_in_the_mask_and_each_as_likely():
    masks = torch.rand(3, 1, 9, 7, generator=generator()) > 0.7
    masks[2] = False
    masks[2, 0, 8, 6] = True  # the last pixel alone
    shares = torch.rand(3, 20_000, generator=generator(1))
    pixels = random_pixels(masks, shares)
    for mask, points in zip(masks, pixels, strict=True):
        counts = torch.zeros(9, 7)
        counts.index_put_((points[:, 1], points[:, 0]), torch.ones(len(points)), accumulate=True)
        assert torch.equal(counts > 0, mask[0])
        expected = len(points) / mask.sum()
        assert (counts[mask[0]] - expected).abs().max() < 6 * math.sqrt(expected)
