"""Generated textures: shape, range and variety."""

import torch

from prn_lib.synthesis import generated_textures
from synthesizers import generator


def test_generated_textures_differ_and_are_in_range():
    textures = generated_textures(23, 48, generator())
    assert textures.shape == (23, 3, 48, 48)
    assert textures.dtype == torch.uint8
    assert (textures.float().std((2, 3)).mean(1) > 2).all()
    assert len({tuple(t[:, 0, 0].tolist()) for t in textures}) > 20
    assert generated_textures(2, 16, generator()).shape == (2, 3, 16, 16)
