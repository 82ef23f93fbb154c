"""Target areas (TA, Sec. 3.4): where an anomaly may be placed.

A random circle, rectangle or polygon, cut to the object's foreground where there is one.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch

from prn_lib.synthesis.draws import integers, random_pixels, to_device, uniform

GEOMETRIES = ("circle", "rectangle", "polygon")
RADIUS = (0.15, 0.6)  # of the circle around a shape, as a share of the image's shorter side; ours
POLYGON_CORNERS = (3, 8)  # ours
JITTER = 0.2  # of the angle between two corners; with less than 0.25 the centre stays inside
RECTANGLE_SKEW = 0.35  # 0 is a square, 0.5 a line; ours
VERTICES = (
    32  # of every outline: a circle has so many corners, a rectangle each of its four 8 times
)


@dataclass(frozen=True)
class TargetAreas:
    """Masks ``(B, 1, H, W)`` bool, a pixel (x, y) ``(B, 2)`` inside each, and their geometries."""

    masks: torch.Tensor
    centres: torch.Tensor
    geometries: tuple[str, ...]

    def first(self, count: int) -> "TargetAreas":
        """The first ``count`` areas."""
        return TargetAreas(self.masks[:count], self.centres[:count], self.geometries[:count])


def whole_images(
    count: int, shape: Sequence[int], generator: torch.Generator, device: torch.device | str
) -> TargetAreas:
    """Every image is its own target area, as when target areas are left out (Table 5)."""
    masks = torch.ones((), dtype=torch.bool, device=device).expand(count, 1, *shape)
    return TargetAreas(masks, _random_centres(count, shape, generator, device), ("whole",) * count)


def random_target_areas(
    count: int, shape: Sequence[int], generator: torch.Generator, device: torch.device | str
) -> TargetAreas:
    """Target areas anywhere on images of ``shape`` (H, W), as on textures."""
    return _areas_around(_random_centres(count, shape, generator, device), shape, generator)


def on_foregrounds(foregrounds: torch.Tensor, generator: torch.Generator) -> TargetAreas:
    """A target area on each of ``foregrounds`` ``(B, 1, H, W)`` bool, as on objects.

    Its centre is a random pixel of the foreground, and it is cut to the foreground: so it is empty
    only if the foreground is.
    """
    shares = to_device(uniform(0, 1, (len(foregrounds), 1), generator), foregrounds.device)
    centres = random_pixels(foregrounds, shares)[:, 0]
    areas = _areas_around(centres, foregrounds.shape[-2:], generator)
    return replace(areas, masks=areas.masks & foregrounds)


def _random_centres(
    count: int, shape: Sequence[int], generator: torch.Generator, device: torch.device | str
) -> torch.Tensor:
    sides = torch.tensor([shape[1], shape[0]])
    return to_device((uniform(0, 1, (count, 2), generator) * sides).long(), device)


def _areas_around(
    centres: torch.Tensor, shape: Sequence[int], generator: torch.Generator
) -> TargetAreas:
    picks = integers(0, len(GEOMETRIES) - 1, (len(centres),), generator)
    geometries = tuple(GEOMETRIES[i] for i in picks.tolist())
    radii = uniform(*RADIUS, (len(centres), 1), generator)
    vertices = min(shape) * random_outlines(geometries, radii, generator)
    masks = fill_convex(to_device(vertices, centres.device) + centres[:, None], shape)
    return TargetAreas(masks, centres, geometries)


def random_outlines(
    geometries: Sequence[str], radii: torch.Tensor, generator: torch.Generator
) -> torch.Tensor:
    """Vertices (x, y) ``(B, 32, 2)`` around the origin, on circles with ``radii`` ``(B, 1)``.

    Corner v of n stands at the angle 2 pi (v + jitter_v) / n. A circle has 32 corners without
    jitter; with four corners and jitters +s, -s, +s, -s the shape is a rectangle.
    """
    count = len(geometries)
    circle = _where("circle", geometries)
    rectangle = _where("rectangle", geometries)
    corners = integers(*POLYGON_CORNERS, (count, 1), generator)
    corners = torch.where(circle, VERTICES, torch.where(rectangle, 4, corners))
    corner = torch.arange(VERTICES) * corners // VERTICES  # (B, 32): which corner a vertex is
    jitter = uniform(-JITTER, JITTER, (count, VERTICES), generator).gather(1, corner)
    skew = uniform(-RECTANGLE_SKEW, RECTANGLE_SKEW, (count, 1), generator)
    jitter = torch.where(rectangle, skew * (1 - 2 * (corner % 2)), jitter)
    jitter = torch.where(circle, 0.0, jitter)
    turn = uniform(0, 2 * math.pi, (count, 1), generator)
    angle = 2 * math.pi * (corner + jitter) / corners + torch.where(rectangle, math.pi / 4, turn)
    return torch.stack([radii * angle.cos(), radii * angle.sin()], dim=-1)


def _where(wanted: str, geometries: Sequence[str]) -> torch.Tensor:
    return torch.tensor([name == wanted for name in geometries], dtype=torch.bool)[:, None]


def fill_convex(vertices: torch.Tensor, shape: Sequence[int]) -> torch.Tensor:
    """Fill convex outlines: vertices (x, y) ``(B, V, 2)`` in pixels -> masks ``(B, 1, H, W)`` bool.

    A row meets a convex outline in an interval, between the smallest and the largest x at which an
    edge crosses it. Pixels whose centre lies inside are filled.
    """
    rows = torch.arange(shape[0], device=vertices.device)
    columns = torch.arange(shape[1], device=vertices.device)
    start, end = vertices, vertices.roll(-1, dims=1)
    (x0, y0), (x1, y1) = (points[..., None].unbind(2) for points in (start, end))  # (B, V, 1)
    crosses = (y0 <= rows) != (y1 <= rows)  # (B, V, H)
    slope = (x1 - x0) / torch.where(y1 == y0, 1, y1 - y0)
    x = x0 + (rows - y0) * slope
    left = torch.where(crosses, x, torch.inf).amin(1)[..., None]  # (B, H, 1)
    right = torch.where(crosses, x, -torch.inf).amax(1)[..., None]
    return ((columns >= left) & (columns <= right))[:, None]
