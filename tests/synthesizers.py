"""Random images and a synthesizer of them, each made from a seed."""

import torch

from prn_lib.synthesis import Synthesizer, generated_textures

SIDE = 64


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def random_images(count, seed, side=SIDE):
    return torch.rand(count, 3, side, side, generator=generator(seed))


def a_synthesizer(**options):
    normals = (random_images(5, 1) * 255).byte()
    seen = (random_images(3, 2) * 255).byte()
    masks = torch.zeros(3, 1, SIDE, SIDE, dtype=torch.uint8)
    masks[0, :, 10:20, 10:30] = masks[1, :, 40:50, 5:60] = 1  # the third mask is empty
    return Synthesizer(normals, seen, masks, generated_textures(7, SIDE, generator(4)), **options)
