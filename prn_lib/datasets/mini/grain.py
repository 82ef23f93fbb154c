"""``grain``: a polished speckled stone, and five ways in which it is spoilt."""

from dataclasses import dataclass

import cv2
import numpy as np

from prn_lib.datasets.mini.canvas import (
    SIZE,
    blob,
    disc,
    grid,
    position,
    smooth_noise,
    wandering_line,
)


@dataclass(frozen=True)
class Stone:
    """One slab; its colours are kept so that a defect can grow grains of another size."""

    palette: np.ndarray  # (3, 3): dark mineral, ground, light mineral
    image: np.ndarray  # (SIZE, SIZE, 3) in [0, 1]

    def render(self) -> np.ndarray:
        """The image ``(SIZE, SIZE, 3)`` in [0, 1]."""
        return self.image


def draw(rng: np.random.Generator) -> Stone:
    """A new good slab: shade, grain size and the share of each mineral vary."""
    shade = rng.normal(0, 0.006, 3)
    palette = np.array([[0.43, 0.38, 0.36], [0.56, 0.51, 0.48], [0.69, 0.64, 0.60]]) + shade
    return Stone(palette, _grains(rng, palette, rng.uniform(1.5, 1.9)))


def _grains(rng: np.random.Generator, palette: np.ndarray, size: float) -> np.ndarray:
    """Speckles of dark and light mineral in a ground with slow veins."""
    dark = smooth_noise(rng, size) + 0.1 * smooth_noise(rng, 9)
    light = smooth_noise(rng, size) + 0.1 * smooth_noise(rng, 9)
    image = np.broadcast_to(palette[1], (SIZE, SIZE, 3)).copy()
    for layer, colour in ((dark, palette[0]), (light, palette[2])):
        share = np.clip((layer - 0.7) * 2.5, 0, 1)[..., None]
        image = image * (1 - share) + colour * share
    veins = 0.015 * smooth_noise(rng, 14) + 0.03 * smooth_noise(rng, 0.7)
    return np.clip(image + veins[..., None], 0, 1)


def scratch(stone: Stone, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """One or two long scratches, two to four pixels wide."""
    image, mask = stone.image.copy(), np.zeros((SIZE, SIZE), bool)
    for _ in range(rng.integers(1, 3)):
        mask |= wandering_line(
            rng,
            position(rng, 40),
            rng.uniform(0, 2 * np.pi),
            rng.uniform(60, 150),
            int(rng.integers(2, 5)),
            0.06,
        )
    image[mask] = 0.35 * image[mask] + 0.65 * 0.88
    return image, mask


def dent(stone: Stone, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A pressed-in spot: one side dark and one side bright, the mean unchanged."""
    centre, radius = position(rng, 40), rng.uniform(11, 24)
    y, x = grid()
    angle = rng.uniform(0, 2 * np.pi)
    slope = ((x - centre[1]) * np.cos(angle) + (y - centre[0]) * np.sin(angle)) / radius
    return stone.image * (1 + 0.5 * np.clip(slope, -1, 1)[..., None]), disc(centre, radius)


def contamination(stone: Stone, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A spray of foreign specks: many and tiny."""
    image, mask = stone.image.copy(), np.zeros((SIZE, SIZE), bool)
    centre, colour = position(rng, 60), rng.uniform([0.2, 0.3, 0.45], [0.35, 0.5, 0.7])
    for _ in range(rng.integers(8, 24)):
        where = np.clip(rng.normal(centre, 30), 4, SIZE - 5)
        speck = disc(tuple(where), rng.uniform(2.0, 4.5))
        image[speck] = 0.2 * image[speck] + 0.8 * colour
        mask |= speck
    return image, mask


def smear(stone: Stone, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A large area where polishing dragged the grains: same colours, lost detail."""
    kernel = np.zeros((19, 19))
    cv2.line(kernel, *_through_centre(rng, 9), 1.0)
    dragged = cv2.filter2D(stone.image, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REFLECT)
    return dragged, blob(rng, position(rng, 60), rng.uniform(28, 52))


def _through_centre(
    rng: np.random.Generator, radius: int
) -> tuple[tuple[int, int], tuple[int, int]]:
    angle = rng.uniform(0, np.pi)
    dx, dy = round(radius * np.cos(angle)), round(radius * np.sin(angle))
    return (radius - dx, radius - dy), (radius + dx, radius + dy)


def coarse(stone: Stone, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A nest of grains of three times the size: the same minerals, another scale."""
    return _grains(rng, stone.palette, 5.0), blob(rng, position(rng, 45), rng.uniform(16, 34))


DEFECTS = (scratch, dent, contamination, smear, coarse)
LIGHT = 0.12
NOISE = 0.012
