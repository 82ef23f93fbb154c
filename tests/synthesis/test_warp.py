"""Warps against torchvision's affine transform."""

import torch
from torchvision.transforms import InterpolationMode
from torchvision.transforms.v2 import functional as F

from prn_lib.synthesis.extended import random_transforms
from prn_lib.synthesis.warp import source_maps, warp
from synthesizers import generator


def test_warps_are_torchvisions_affine():
    transforms = random_transforms(6, (40, 56), generator(3)) * torch.tensor([1, 1, 1, 0.3, 0.3])
    transforms[:, 3:] = transforms[:, 3:].round()
    images = torch.rand(6, 3, 40, 56, generator=generator(4))
    maps = source_maps(transforms, (40, 56))
    for mode in ("bilinear", "nearest"):
        warped = warp(images, maps, mode=mode, padding="zeros")
        for one, image, (angle, *rest) in zip(warped, images, transforms.tolist(), strict=True):
            expected = F.affine(
                image, angle=angle, shear=rest[:2], translate=rest[2:], scale=1.0,
                interpolation=InterpolationMode(mode),
            )  # fmt: skip
            if mode == "bilinear":
                # torchvision also fades the outermost pixel into its black surroundings
                inside = F.affine(
                    torch.ones(1, 40, 56), angle=angle, shear=rest[:2], translate=rest[2:],
                    scale=1.0, interpolation=InterpolationMode.BILINEAR,
                ) > 0.999  # fmt: skip
                assert ((one - expected).abs() * inside).max() < 1e-3
            else:
                assert (one != expected).float().mean() < 0.01  # points half way between pixels
