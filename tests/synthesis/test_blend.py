"""Blending (Eq. 4 and Eq. 6) against the equation pixel by pixel."""

import numpy as np
import pytest
import torch

from prn_lib.synthesis.blend import blend
from synthesizers import generator, random_images


@pytest.mark.parametrize("opacity", [0.0, 0.3, 1.0])
def test_blend_is_the_equation_pixel_by_pixel(opacity):
    normal, source = random_images(1, 7, 8), random_images(1, 8, 8)
    mask = torch.rand(1, 1, 8, 8, generator=generator(9)) > 0.5
    blended = blend(normal, source, mask, opacity)
    for c, y, x in np.ndindex(3, 8, 8):
        n, a, m = normal[0, c, y, x].item(), source[0, c, y, x].item(), mask[0, 0, y, x].item()
        expected = (1 - m) * n + (1 - opacity) * (m * a) + opacity * (m * n)
        assert blended[0, c, y, x].item() == pytest.approx(expected, abs=1e-6)
    if opacity == 1:
        assert torch.equal(blended, normal)


def test_every_anomaly_has_its_own_opacity():
    normals, sources = torch.zeros(2, 3, 4, 4), torch.ones(2, 3, 4, 4)
    mask = torch.ones(2, 1, 4, 4, dtype=torch.bool)
    blended = blend(normals, sources, mask, torch.tensor([0.25, 0.5]))
    assert blended[0].unique().tolist() == [0.75]
    assert blended[1].unique().tolist() == [0.5]
