"""Aug2, and the place of an extended anomaly (EA): on the target area (Sec. 3.4, Fig. 5)."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from prn_lib.synthesis.draws import random_pixels, to_device, uniform
from prn_lib.synthesis.target_area import TargetAreas
from prn_lib.synthesis.warp import inverse, linear_part, source_maps, warp

ROTATION = 45.0  # degrees either way, DRAEM [68]
SHEAR = 15.0  # degrees either way, ours
SHIFT = 1.0  # of the image's size either way: a region can land anywhere; ours
TRIES = 64  # draws of Aug2 for one target area; the paper repeats without a bound
POINTS = 32  # pixels of a region that are looked at to tell whether it meets its area


@dataclass(frozen=True)
class Placements:
    """Where regions were moved.

    ``transforms`` ``(B, 5)`` and their ``maps`` ``(B, 3)``, of :mod:`prn_lib.synthesis.warp`.
    ``tries`` ``(B,)`` tells which draw was taken; 0 says that none of 64 was seen to meet the
    target area and the region was shifted onto it.
    """

    transforms: torch.Tensor
    maps: torch.Tensor
    tries: torch.Tensor


def random_transforms(count: int, shape: Sequence[int], generator: torch.Generator) -> torch.Tensor:
    """Parameters of Aug2 ``(count, 5)``: rotation, shear x, shear y, shift x, shift y."""
    height, width = shape
    reach = torch.tensor([ROTATION, SHEAR, SHEAR, SHIFT * width, SHIFT * height])
    return reach * uniform(-1, 1, (count, 5), generator)


def place(regions: torch.Tensor, areas: TargetAreas, generator: torch.Generator) -> Placements:
    """Draw Aug2 for each of ``regions`` ``(B, 1, H, W)`` bool until it meets its target area.

    All draws are made at once and the first that is seen to meet is taken: one of 32 random pixels
    of the region must come to lie in the area, so that one which meets it by a sliver may be passed
    over. No region may be empty; then the part of the moved region inside the area, see
    :func:`move_regions`, is not empty either.
    """
    count, shape, device = len(regions), regions.shape[-2:], regions.device
    draws = random_transforms(count * TRIES, shape, generator).view(count, TRIES, 5)
    transforms = to_device(draws, device)
    shares = to_device(uniform(0, 1, (count, POINTS), generator), device)
    pixels = random_pixels(regions, shares)  # (B, P, 2)
    meets = _meets(regions, areas.masks, transforms, pixels)  # (B, TRIES)
    first = meets.int().argmax(dim=1)
    chosen = transforms[torch.arange(count, device=device), first]
    fallback = _shift_onto(transforms[:, 0], pixels[:, 0], areas.centres, shape)
    found = meets.any(dim=1)
    transforms = torch.where(found[:, None], chosen, fallback)
    tries = torch.where(found, first + 1, 0)
    return Placements(transforms, source_maps(transforms, shape), tries)


def move_images(images: torch.Tensor, maps: torch.Tensor) -> torch.Tensor:
    """Move ``(B, 3, H, W)``; pixels that come in from outside an image repeat its border."""
    return warp(images, maps, mode="bilinear", padding="border")


def move_regions(regions: torch.Tensor, maps: torch.Tensor) -> torch.Tensor:
    """Move ``(B, 1, H, W)`` bool alike; nothing comes in from outside."""
    return warp(regions.float(), maps, mode="nearest", padding="zeros") > 0.5


def _centre(shape: Sequence[int], device: torch.device) -> torch.Tensor:
    return to_device(torch.tensor([(shape[1] - 1) / 2, (shape[0] - 1) / 2]), device)


def _meets(
    regions: torch.Tensor, areas: torch.Tensor, transforms: torch.Tensor, pixels: torch.Tensor
) -> torch.Tensor:
    """Which of the transforms ``(B, K, 5)`` brings one of the region's pixels into the area.

    The pixel of the area is traced back as :func:`move_regions` will, so that what is promised here
    holds there to the pixel.
    """
    shape = regions.shape[-2:]
    centre = _centre(shape, regions.device)
    linear, shift = linear_part(transforms), transforms[..., None, 3:]  # (B, K, 1, 2)
    offsets = (pixels - centre)[:, None]  # (B, 1, P, 2)
    landing = (offsets @ linear.mT + shift + centre).round()  # (B, K, P, 2)
    origin = (landing - shift - centre) @ inverse(linear).mT + centre
    clear = (origin - origin.round()).abs().amax(-1) < 0.49  # rounds alike in every arithmetic
    return (clear & _value_at(areas, landing) & _value_at(regions, origin.round())).any(dim=2)


def _value_at(masks: torch.Tensor, points: torch.Tensor) -> torch.Tensor:
    """Masks ``(B, 1, H, W)`` bool at (x, y) ``(B, K, P, 2)``; False outside the image."""
    height, width = masks.shape[-2:]
    x, y = points.long().unbind(-1)
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    flat = (y.clamp(0, height - 1) * width + x.clamp(0, width - 1)).flatten(1)
    return masks.flatten(1).gather(1, flat).view(inside.shape) & inside


def _shift_onto(
    transforms: torch.Tensor, pixels: torch.Tensor, targets: torch.Tensor, shape: Sequence[int]
) -> torch.Tensor:
    """Replace the shift so that each pixel (x, y) ``(B, 2)`` comes to lie on its target."""
    centre = _centre(shape, transforms.device)
    turned = (linear_part(transforms) @ (pixels - centre)[..., None])[..., 0]
    return torch.cat([transforms[:, :3], targets - centre - turned], dim=1)
