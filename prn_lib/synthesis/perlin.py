"""Perlin noise from its definition, for many maps at once (App. A.1, [37]).

The masks of simulated anomalies are cut from it in ``simulated.py``.
"""

import math
from collections.abc import Sequence
from typing import TypeVar

import numpy as np
import torch

from prn_lib.synthesis.draws import to_device

Numbers = TypeVar("Numbers", torch.Tensor, np.ndarray)


def random_gradients(
    periods: torch.Tensor, generator: torch.Generator, device: torch.device | str = "cpu"
) -> torch.Tensor:
    """Angles of the unit gradients on the lattices of ``periods`` ``(B, 2)``: ``(B, L, L)``.

    The finest map decides L; a coarser one leaves some unused. The draws are made by ``generator``,
    wherever it lives. Raises ValueError for periods below 1.
    """
    if periods.ndim != 2 or periods.shape[1] != 2 or (periods < 1).any():
        raise ValueError(f"periods must be (B, 2) with 1 or more cells an axis, not {periods}")
    points = max(periods.flatten().tolist(), default=1) + 1
    size = (len(periods), points, points)
    turns = torch.rand(size, generator=generator, device=generator.device)
    return 2 * math.pi * to_device(turns, device)


def gradient_noise(
    shape: tuple[int, int], periods: torch.Tensor, angles: torch.Tensor, step: int = 1
) -> torch.Tensor:
    """Noise ``(B, H, W)`` in [-1, 1] with ``periods`` ``(B, 2)`` cells along y and x.

    With a ``step`` it is computed only at every step-th row and column, from ``step // 2`` on.

    Gradients (sin a, cos a) stand on the points (i, j) of a lattice. In lattice units the noise at
    (y, x) is

        sqrt(2) * sum_ij w(y - i) w(x - j) [sin a_ij (y - i) + cos a_ij (x - j)],

    where ``w(d) = 1 - fade(|d|)`` is 0 from ``|d| = 1`` on: only the four corners of a cell count.
    It is 0 at every lattice point. As w(y - i) w(x - j) separates, the sum is a matrix product.
    """
    points = angles.shape[-1]
    rows = _lattice_weights(shape[0], step, periods[:, 0], points)  # (B, H, 2 L): w, then w d
    columns = _lattice_weights(shape[1], step, periods[:, 1], points)  # (B, W, 2 L)
    weight, ramp = columns.mT.split(points, dim=1)
    gradient_y, gradient_x = math.sqrt(2) * angles.sin(), math.sqrt(2) * angles.cos()
    return rows @ torch.cat([gradient_x @ ramp, gradient_y @ weight], dim=1)


def perlin_noise(
    shape: tuple[int, int],
    periods: torch.Tensor | Sequence[Sequence[int]],
    generator: torch.Generator,
    device: torch.device | str = "cpu",
) -> torch.Tensor:
    """:func:`gradient_noise` ``(B, H, W)`` with random gradients, each map with its own periods."""
    periods = torch.as_tensor(periods)
    angles = random_gradients(periods, generator, device)
    return gradient_noise(shape, to_device(periods, device), angles)


def _lattice_weights(size: int, step: int, periods: torch.Tensor, points: int) -> torch.Tensor:
    """w(d), then w(d) d, of the distances d of an axis' pixels to lattice points: (B, size, 2 L).

    Both are 0 but for the two points around a pixel.
    """
    pixels = torch.arange(step // 2, size, step, device=periods.device)
    position = pixels * periods[:, None] / size  # (B, size), in lattice units
    cell = position.long()
    corners = torch.stack([cell, cell + 1], dim=2)
    distance = position[..., None] - corners
    weight = 1 - fade(distance.abs())
    values = torch.cat([weight, weight * distance], dim=2)
    places = torch.cat([corners, corners + points], dim=2)
    return weight.new_zeros(*position.shape, 2 * points).scatter_(2, places, values)


def fade(t: Numbers) -> Numbers:
    """Perlin's curve 6t^5 - 15t^4 + 10t^3 from 0 to 1; its slope and bend vanish at both ends."""
    return t**3 * (t * (6 * t - 15) + 10)
