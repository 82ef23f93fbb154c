"""Perlin noise from its definition, and the masks made of it (Sec. 3.4, App. A.1)."""

import math

import torch
from torchvision.transforms import InterpolationMode
from torchvision.transforms.v2 import functional as F

MAX_LOG_PERIODS = 5  # 2^0 .. 2^5 periods an axis, as in DRAEM [68]
THRESHOLD = 0.5  # DRAEM [68]
MAX_ROTATION = 90.0  # degrees either way, DRAEM [68]


def uniform(low: float, high: float, generator: torch.Generator) -> float:
    """One number drawn uniformly from [low, high)."""
    return low + (high - low) * torch.rand((), generator=generator).item()


def perlin_noise(
    shape: tuple[int, int], periods: tuple[int, int], generator: torch.Generator
) -> torch.Tensor:
    """Gradient noise ``(H, W)`` with ``periods`` lattice cells along y and x; values in [-1, 1].

    Random unit gradients stand on the lattice points; a pixel's value is the dot product of each
    surrounding gradient with the offset from its lattice point, blended with Perlin's fade
    6t^5 - 15t^4 + 10t^3, times sqrt(2). It is 0 at every lattice point.
    """
    (height, width), (rows, columns) = shape, periods
    angle = 2 * math.pi * torch.rand(rows + 1, columns + 1, generator=generator)
    gradient_y, gradient_x = angle.sin(), angle.cos()
    y = (torch.arange(height) * rows / height)[:, None]  # in lattice units
    x = (torch.arange(width) * columns / width)[None, :]
    row, column = y.long(), x.long()
    y, x = y - row, x - column  # offset inside the cell, in [0, 1)

    def ramp(down: int, right: int) -> torch.Tensor:
        at = row + down, column + right
        return gradient_y[at] * (y - down) + gradient_x[at] * (x - right)  # (H, W)

    fade_y, fade_x = _fade(y), _fade(x)
    top = torch.lerp(ramp(0, 0), ramp(0, 1), fade_x)
    bottom = torch.lerp(ramp(1, 0), ramp(1, 1), fade_x)
    return math.sqrt(2) * torch.lerp(top, bottom, fade_y)


def _fade(t: torch.Tensor) -> torch.Tensor:
    return t**3 * (t * (6 * t - 15) + 10)


def perlin_mask(shape: tuple[int, int], generator: torch.Generator) -> torch.Tensor:
    """A random binary mask ``(1, H, W)`` float {0, 1}: rotated Perlin noise above the threshold.

    Periods are powers of two, one draw an axis, so that regions vary in size, shape and number.
    The mask may be empty.
    """
    log_y, log_x = torch.randint(0, MAX_LOG_PERIODS + 1, (2,), generator=generator).tolist()
    noise = perlin_noise(shape, (2**log_y, 2**log_x), generator)[None]
    degrees = uniform(-MAX_ROTATION, MAX_ROTATION, generator)
    rotated = F.rotate(noise, degrees, interpolation=InterpolationMode.BILINEAR)
    return (rotated > THRESHOLD).float()
