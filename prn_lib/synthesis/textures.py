"""Textures made by code: sources of heterologous anomalies (App. A.1) that need no download."""

import math

import torch

from prn_lib.synthesis.draws import uniform
from prn_lib.synthesis.perlin import perlin_noise

CONTRAST = 0.15  # of the fine noise that lies over every pattern


def generated_textures(count: int, size: int, generator: torch.Generator) -> torch.Tensor:
    """``(count, 3, size, size)`` uint8: two random colours, mixed by one of five patterns each."""
    shares = [
        pattern(len(range(k, count, len(PATTERNS))), size, generator)
        for k, pattern in enumerate(PATTERNS[:count])
    ]
    share = torch.cat(shares)[:, None]  # (count, 1, size, size) in [0, 1]
    first, second = torch.rand(2, count, 3, 1, 1, generator=generator)
    shade = 1 + CONTRAST * _noise(count, size, 16, generator)[:, None]
    return (255 * (torch.lerp(first, second, share) * shade).clamp(0, 1)).round().byte()


def _noise(count: int, size: int, periods: int, generator: torch.Generator) -> torch.Tensor:
    return perlin_noise((size, size), [(periods, periods)] * count, generator)


def _waves(count: int, size: int, generator: torch.Generator) -> torch.Tensor:
    """Plane waves with random directions and 4 to 24 periods, in [-1, 1]."""
    angle = uniform(0, 2 * math.pi, (count, 1, 1), generator)
    frequency = uniform(4, 24, (count, 1, 1), generator)
    start = uniform(0, 2 * math.pi, (count, 1, 1), generator)
    axis = torch.linspace(0, 2 * math.pi, size)
    phase = frequency * (angle.sin() * axis[:, None] + angle.cos() * axis[None, :])
    return torch.sin(phase + start)


def _stripes(count: int, size: int, generator: torch.Generator) -> torch.Tensor:
    return 0.5 + 0.5 * _waves(count, size, generator)


def _checks(count: int, size: int, generator: torch.Generator) -> torch.Tensor:
    return (_waves(count, size, generator) * _waves(count, size, generator) > 0).float()


def _clouds(count: int, size: int, generator: torch.Generator) -> torch.Tensor:
    octaves = (_noise(count, size, 2**k, generator) / 2 ** (k - 1) for k in range(1, 6))
    return (0.5 + 0.7 * sum(octaves)).clamp(0, 1)


def _marble(count: int, size: int, generator: torch.Generator) -> torch.Tensor:
    bend = 4 * _noise(count, size, 4, generator)
    return 0.5 + 0.5 * torch.sin(4 * _waves(count, size, generator) + bend)


def _dots(count: int, size: int, generator: torch.Generator) -> torch.Tensor:
    return (_waves(count, size, generator) + _waves(count, size, generator) > 1.0).float()


PATTERNS = (_stripes, _checks, _clouds, _marble, _dots)
