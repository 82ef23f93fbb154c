"""The three kinds of synthesized anomaly: extended (EA), heterologous (HEA), homologous (HOA).

Everything is composed in [0, 1]; normalization comes later, in the encoder.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torchvision.transforms import InterpolationMode

from prn_lib.synthesis.augment import apply_affine, aug1, random_affine
from prn_lib.synthesis.perlin import perlin_mask, uniform
from prn_lib.synthesis.target_area import random_target_area

# The paper names beta the opacity "of [68]" and gives no range. In DRAEM [68] it is drawn from
# [0.1, 1] and weighs the anomaly; in Eq. 4 and 6 it weighs the normal image, and beta = 1 would
# label an unchanged image as anomalous. The anomaly's weight 1 - beta is therefore in (0.1, 1].
OPACITY = (0.0, 0.9)
GRID = 8  # HOA shuffles an 8 x 8 grid (App. A.1)
MAX_TRIES = 100  # draws of Aug2, or of a Perlin mask, for one target area
MAX_AREAS = 20  # target areas tried before giving up


@dataclass(frozen=True)
class Anomaly:
    """A synthesized image ``(3, H, W)`` in [0, 1], its mask ``(1, H, W)`` {0, 1}, its making."""

    image: torch.Tensor
    mask: torch.Tensor
    kind: str  # "EA", "HEA" or "HOA"
    opacity: float  # beta
    operations: tuple[str, str]  # Aug1
    geometry: str  # of the target area


def blend(
    normal: torch.Tensor, region: torch.Tensor, mask: torch.Tensor, opacity: float
) -> torch.Tensor:
    """Eq. 4 and Eq. 6: (1 - M) * N + (1 - beta) * R + beta * (M * N).

    ``normal`` N ``(3, H, W)``, ``mask`` M ``(1, H, W)`` {0, 1}, ``opacity`` beta in [0, 1].
    ``region`` R ``(3, H, W)`` is 0 outside M: the clipped region C in Eq. 4, M * A in Eq. 6.
    """
    return (1 - mask) * normal + (1 - opacity) * region + opacity * (mask * normal)


def draw_area(
    shape: tuple[int, int],
    generator: torch.Generator,
    foreground: torch.Tensor | None,
    use_target_area: bool,
) -> tuple[torch.Tensor, str]:
    """A target area, or the whole image when target areas are left out (Table 5)."""
    if use_target_area:
        return random_target_area(shape, generator, foreground)
    return torch.ones(1, *shape), "whole image"


def extended_anomaly(
    normal: torch.Tensor,
    seen_image: torch.Tensor,
    seen_mask: torch.Tensor,
    generator: torch.Generator,
    *,
    foreground: torch.Tensor | None = None,
    use_target_area: bool = True,
) -> Anomaly:
    """Place the augmented region of a seen anomaly on a normal image (EA, Fig. 5, Eq. 4).

    Images ``(3, H, W)`` in [0, 1], masks and foreground ``(1, H, W)`` {0, 1}. Raises ValueError if
    ``seen_mask`` is empty or its region cannot be brought onto the foreground.
    """
    if not seen_mask.any():
        raise ValueError("the seen anomaly has an empty mask: there is no region to extend")
    source, operations = aug1(seen_image, generator)  # A

    def moved_region() -> tuple[torch.Tensor, dict]:
        affine = random_affine(seen_mask.shape[-2:], generator)
        mask = apply_affine(seen_mask, affine, InterpolationMode.NEAREST)
        # Where the source image ends, its pixels are mixed with the black outside: not used.
        cover = apply_affine(torch.ones_like(seen_mask), affine, InterpolationMode.BILINEAR)
        return mask * (cover > 0.999), affine

    mask, affine, geometry = _overlap(
        moved_region, normal.shape[-2:], generator, foreground, use_target_area
    )
    clipped = mask * apply_affine(source, affine, InterpolationMode.BILINEAR)  # C
    opacity = uniform(*OPACITY, generator)
    image = blend(normal, clipped, mask, opacity)
    return Anomaly(image, mask, "EA", opacity, operations, geometry)


def simulated_anomaly(
    kind: str,
    normal: torch.Tensor,
    source: torch.Tensor,
    generator: torch.Generator,
    *,
    foreground: torch.Tensor | None = None,
    use_target_area: bool = True,
) -> Anomaly:
    """Paint ``source`` through a Perlin mask onto a normal image (Eq. 6, Fig. 7).

    ``kind`` "HEA": source is a foreign texture. "HOA": source is a random normal image, whose
    augmented version is cut into an 8 x 8 grid and shuffled. All images ``(3, H, W)`` in [0, 1].
    """
    source, operations = aug1(source, generator)
    if kind == "HOA":
        source = shuffle_grid(source, generator)

    def noise_mask() -> tuple[torch.Tensor, None]:
        return perlin_mask(normal.shape[-2:], generator), None

    mask, _, geometry = _overlap(
        noise_mask, normal.shape[-2:], generator, foreground, use_target_area
    )
    opacity = uniform(*OPACITY, generator)
    image = blend(normal, mask * source, mask, opacity)
    return Anomaly(image, mask, kind, opacity, operations, geometry)


def _overlap(
    draw: Callable[[], tuple[torch.Tensor, dict | None]],
    shape: tuple[int, int],
    generator: torch.Generator,
    foreground: torch.Tensor | None,
    use_target_area: bool,
) -> tuple[torch.Tensor, dict | None, str]:
    """Draw masks until one overlaps the target area; the overlap is M, never empty."""
    for _ in range(MAX_AREAS):
        area, geometry = draw_area(shape, generator, foreground, use_target_area)
        for _ in range(MAX_TRIES):
            mask, extra = draw()
            mask = mask * area
            if mask.any():
                return mask, extra, geometry
    raise ValueError(
        f"no anomaly met its target area in {MAX_AREAS * MAX_TRIES} tries; "
        "is the foreground, or the seen region, only a few pixels large?"
    )


def shuffle_grid(image: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Cut ``(3, H, W)`` into an 8 x 8 grid and put the tiles back in random order (App. A.1).

    H and W must be multiples of 8.
    """
    channels, height, width = image.shape
    tiles = image.reshape(channels, GRID, height // GRID, GRID, width // GRID)
    tiles = tiles.permute(1, 3, 0, 2, 4).flatten(0, 1)  # (64, 3, H/8, W/8)
    tiles = tiles[torch.randperm(GRID * GRID, generator=generator)]
    tiles = tiles.unflatten(0, (GRID, GRID)).permute(2, 0, 3, 1, 4)  # (3, 8, H/8, 8, W/8)
    return tiles.reshape(channels, height, width)
