"""Masks and sources of simulated anomalies (HEA, HOA): Perlin noise on a target area (App. A.1)."""

from dataclasses import dataclass

import torch

from prn_lib.synthesis.draws import integers, to_device, uniform
from prn_lib.synthesis.perlin import gradient_noise, random_gradients
from prn_lib.synthesis.warp import source_maps, warp

MAX_LOG_PERIODS = 5  # 2^0 .. 2^5 periods an axis, DRAEM [68]
THRESHOLD = 0.5  # DRAEM [68]
MAX_ROTATION = 90.0  # degrees either way, DRAEM [68]
TRIES = 4  # maps of noise drawn for one target area
COPY = 64  # side of the small copies of the maps, about
LOWERED = 0.9  # of the highest noise on the area, where no map of the four exceeds the threshold
GRID = 8  # HOA shuffles an 8 x 8 grid (App. A.1)


@dataclass(frozen=True)
class NoiseMasks:
    """Masks ``(B, 1, H, W)`` bool and the noise ``(B, 1, H, W)`` that they were cut from.

    ``periods`` ``(B, 2)`` along y and x, ``rotations`` ``(B,)`` in degrees, ``thresholds``
    ``(B,)``. ``tries`` ``(B,)`` tells which draw was taken; 0 says that the threshold was lowered,
    as none of 4 was seen to exceed it on the target area.
    """

    masks: torch.Tensor
    noise: torch.Tensor
    periods: torch.Tensor
    rotations: torch.Tensor
    thresholds: torch.Tensor
    tries: torch.Tensor


def rotate_noise(noise: torch.Tensor, degrees: torch.Tensor) -> torch.Tensor:
    """Rotate maps ``(B, 1, H, W)`` about their centre, each by its own angle ``(B,)``.

    The corners are filled by reflection, so that they are as likely to be anomalous as the rest;
    DRAEM leaves them 0.
    """
    transforms = torch.cat([degrees[:, None], degrees.new_zeros(len(degrees), 4)], dim=1)
    maps = source_maps(transforms, noise.shape[-2:])
    return warp(noise, maps, mode="bilinear", padding="reflection")


def noise_masks(areas: torch.Tensor, generator: torch.Generator) -> NoiseMasks:
    """Rotated Perlin noise above the threshold, inside ``areas`` ``(B, 1, H, W)`` bool.

    Periods are powers of two, one draw an axis, so that regions vary in size, shape and number. No
    mask is empty, unless its area is. Four maps are drawn for each area, and the first that shows
    there is made in full: small copies, of every fourth pixel or so, tell which. Where none shows,
    or only in pixels between those, the threshold is lowered to 0.9 of the highest value on the
    area (to 1.1 of it, if that is negative).
    """
    count, (height, width), device = len(areas), areas.shape[-2:], areas.device
    periods = 2 ** integers(0, MAX_LOG_PERIODS, (count * TRIES, 2), generator)
    degrees = uniform(-MAX_ROTATION, MAX_ROTATION, (count * TRIES,), generator)
    angles = random_gradients(periods, generator, device)
    periods, degrees = to_device(periods, device), to_device(degrees, device)
    step = max(1, min(height, width) // COPY)
    small_areas = areas[..., step // 2 :: step, step // 2 :: step]
    small = _rotated((height, width), periods, angles, degrees, step)
    highest = _highest(small.view(count, TRIES, *small_areas.shape[-2:]), small_areas)
    first = (highest > THRESHOLD).int().argmax(dim=1)  # 0 if there is none
    pick = first + TRIES * torch.arange(count, device=device)
    periods, degrees = periods[pick], degrees[pick]
    noise = _rotated((height, width), periods, angles[pick], degrees)
    highest = _highest(noise, areas)[:, 0]
    shows = highest > THRESHOLD
    thresholds = torch.where(shows, THRESHOLD, highest - (1 - LOWERED) * highest.abs())
    masks = (noise >= thresholds[:, None, None, None]) & areas
    tries = torch.where(shows, first + 1, 0)
    return NoiseMasks(masks, noise, periods, degrees, thresholds, tries)


def _rotated(
    shape: tuple[int, int],
    periods: torch.Tensor,
    angles: torch.Tensor,
    degrees: torch.Tensor,
    step: int = 1,
) -> torch.Tensor:
    return rotate_noise(gradient_noise(shape, periods, angles, step)[:, None], degrees)


def _highest(noise: torch.Tensor, areas: torch.Tensor) -> torch.Tensor:
    """The highest value of maps ``(B, K, H, W)`` on their area ``(B, 1, H, W)``: ``(B, K)``."""
    return torch.where(areas, noise, -1).amax(dim=(2, 3))


def random_tiles(count: int, generator: torch.Generator) -> torch.Tensor:
    """A random order of the 64 tiles for each of ``count`` images: ``(count, 64)``."""
    return torch.rand(count, GRID * GRID, generator=generator).argsort(dim=1)


def shuffle_grids(images: torch.Tensor, tiles: torch.Tensor) -> torch.Tensor:
    """Cut each of ``(B, 3, H, W)`` into an 8 x 8 grid and put it together anew (App. A.1).

    Place t, counted row by row, gets tile ``tiles[:, t]``. H and W must be multiples of 8.
    """
    count, channels, height, width = images.shape
    grid = images.view(count, channels, GRID, height // GRID, GRID, width // GRID)
    grid = grid.permute(0, 2, 4, 1, 3, 5).flatten(1, 2)  # (B, 64, 3, H/8, W/8)
    grid = grid[torch.arange(count, device=tiles.device)[:, None], tiles]
    grid = grid.unflatten(1, (GRID, GRID)).permute(0, 3, 1, 4, 2, 5)  # (B, 3, 8, H/8, 8, W/8)
    return grid.reshape(images.shape)
