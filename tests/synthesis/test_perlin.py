import math

import numpy as np
import pytest
import torch

from prn_lib.synthesis.perlin import fade, perlin_noise, random_gradients


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def scalar_perlin(y, x, angle):
    """Perlin's definition for one point in lattice units, written with plain numbers."""
    row, column = math.floor(y), math.floor(x)
    total = 0.0
    for down in (0, 1):
        for right in (0, 1):
            a = angle[row + down][column + right]
            dot = math.sin(a) * (y - row - down) + math.cos(a) * (x - column - right)
            t, s = abs(y - row - (1 - down)), abs(x - column - (1 - right))
            weight_y = 6 * t**5 - 15 * t**4 + 10 * t**3
            weight_x = 6 * s**5 - 15 * s**4 + 10 * s**3
            total += weight_y * weight_x * dot
    return math.sqrt(2) * total


def test_every_map_of_a_batch_equals_the_scalar_definition():
    shape, periods = (30, 48), torch.tensor([[3, 2], [1, 7], [5, 5], [32, 1]])
    noise = perlin_noise(shape, periods, generator(3))
    angles = random_gradients(periods, generator(3))
    for b, (rows, columns) in enumerate(periods.tolist()):
        for y, x in np.ndindex(shape):
            at = y * rows / shape[0], x * columns / shape[1]
            assert noise[b, y, x].item() == pytest.approx(
                scalar_perlin(*at, angles[b].tolist()), abs=1e-5
            )


def test_noise_is_zero_on_the_lattice_bounded_and_of_mean_zero():
    noise = perlin_noise((128, 128), [(8, 4)] * 200, generator())
    assert noise[:, ::16, ::32].abs().max() < 1e-5
    assert noise.abs().max() <= 1
    assert noise.std() > 0.1
    # 32 cells a map of mean 0 and at most 0.5 deviation, 200 maps: far below 0.02
    assert noise.mean().abs() < 0.02


def test_noise_is_continuous_with_a_bounded_slope():
    """Doubling the resolution halves the largest step, also across the borders of cells."""
    steps = []
    for side in (128, 256, 512):
        noise = perlin_noise((side, side), [(4, 4)] * 20, generator(1))
        steps.append(max(noise.diff(dim=k).abs().max().item() for k in (1, 2)))
    assert steps[0] / steps[1] == pytest.approx(2, rel=0.1)
    assert steps[1] / steps[2] == pytest.approx(2, rel=0.1)


@pytest.mark.parametrize(("rows", "columns"), [(4, 16), (16, 4), (8, 8)])
def test_the_spectrum_has_the_right_number_of_periods(rows, columns):
    """A map has as many cells as asked for: its power along an axis lies below that frequency."""
    noise = perlin_noise((128, 128), [(rows, columns)] * 40, generator(2))
    power = torch.fft.rfft2(noise).abs().square().mean(0)
    frequencies_y = torch.fft.fftfreq(128, 1 / 128).abs()
    frequencies_x = torch.arange(65.0)
    mean_y = (power.sum(1) * frequencies_y).sum() / power.sum()
    mean_x = (power.sum(0) * frequencies_x).sum() / power.sum()
    assert mean_y / mean_x == pytest.approx(rows / columns, rel=0.15)
    assert 0.4 * rows < mean_y < rows


def test_fade_is_perlins_curve():
    t = torch.linspace(0, 1, 101, dtype=torch.float64, requires_grad=True)
    value = fade(t)
    (slope,) = torch.autograd.grad(value.sum(), t, create_graph=True)
    (bend,) = torch.autograd.grad(slope.sum(), t)
    assert value[[0, 50, 100]].tolist() == [0, 0.5, 1]
    for derivative in (slope, bend):
        assert derivative[[0, -1]].abs().max() < 1e-9
    assert torch.allclose(value + value.flip(0), torch.ones_like(value))


@pytest.mark.parametrize("periods", [[(0, 2)], [(3,)], [[[1, 1]]]])
def test_wrong_periods_are_refused(periods):
    with pytest.raises(ValueError, match="periods must be"):
        perlin_noise((8, 8), periods, generator())


def test_no_map_is_a_batch_too():
    assert perlin_noise((8, 8), torch.empty(0, 2, dtype=torch.int64), generator()).shape == (
        0,
        8,
        8,
    )
