"""Drawing tools that the three mini categories share. Images are float64 (S, S, 3) in [0, 1]."""

import cv2
import numpy as np

SIZE = 256  # pixels a side, the paper's input size


def grid() -> tuple[np.ndarray, np.ndarray]:
    """Pixel coordinates y and x, each ``(SIZE, SIZE)``."""
    y, x = np.mgrid[0:SIZE, 0:SIZE].astype(np.float64)
    return y, x


def smooth_noise(rng: np.random.Generator, sigma: float, size: int = SIZE) -> np.ndarray:
    """Gaussian-filtered white noise ``(size, size)`` with zero mean and unit deviation."""
    noise = cv2.GaussianBlur(rng.standard_normal((size, size)), (0, 0), sigma)
    return (noise - noise.mean()) / noise.std()


def blob(rng: np.random.Generator, centre: tuple[float, float], radius: float) -> np.ndarray:
    """An irregular filled region around ``centre`` (y, x); bool ``(SIZE, SIZE)``."""
    angle = np.linspace(0, 2 * np.pi, 72, endpoint=False)
    outline = np.ones_like(angle)
    for frequency in range(2, 6):
        outline += rng.uniform(0, 0.35 / frequency) * np.cos(
            frequency * angle + rng.uniform(0, 2 * np.pi)
        )
    stretch = rng.uniform(0.75, 1.0)
    points = np.stack(
        [
            centre[1] + radius * outline * np.cos(angle),
            centre[0] + radius * outline * np.sin(angle) * stretch,
        ],
        axis=1,
    )
    return filled(points)


def filled(points: np.ndarray) -> np.ndarray:
    """The polygon with vertices ``points`` ``(n, 2)`` as (x, y); bool ``(SIZE, SIZE)``."""
    mask = np.zeros((SIZE, SIZE), np.uint8)
    cv2.fillPoly(mask, [np.round(points).astype(np.int32)], 1)
    return mask.astype(bool)


def disc(centre: tuple[float, float], radius: float) -> np.ndarray:
    """A filled circle around ``centre`` (y, x); bool ``(SIZE, SIZE)``."""
    y, x = grid()
    return (y - centre[0]) ** 2 + (x - centre[1]) ** 2 <= radius**2


def wandering_line(
    rng: np.random.Generator,
    start: tuple[float, float],
    angle: float,
    length: float,
    width: int,
    jitter: float,
) -> np.ndarray:
    """A line that starts at (y, x) and changes its heading a little at each step; bool mask."""
    steps = max(2, int(length / 6))
    headings = angle + np.cumsum(rng.normal(0, jitter, steps))
    y = start[0] + np.cumsum(np.sin(headings)) * length / steps
    x = start[1] + np.cumsum(np.cos(headings)) * length / steps
    points = np.concatenate([[[start[1], start[0]]], np.stack([x, y], axis=1)])
    mask = np.zeros((SIZE, SIZE), np.uint8)
    cv2.polylines(mask, [np.round(points).astype(np.int32)], False, 1, width)
    return mask.astype(bool)


def position(rng: np.random.Generator, margin: float) -> tuple[float, float]:
    """A random point (y, x) at least ``margin`` pixels from the border."""
    return tuple(rng.uniform(margin, SIZE - margin, 2))


def lighting(rng: np.random.Generator, strength: float) -> np.ndarray:
    """A slow brightness gradient around 1 in a random direction, ``(SIZE, SIZE, 1)``."""
    y, x = (grid()[i] / SIZE - 0.5 for i in (0, 1))
    angle = rng.uniform(0, 2 * np.pi)
    slope = strength * (np.cos(angle) * x + np.sin(angle) * y)
    return (rng.uniform(0.92, 1.08) * (1 + slope))[..., None]


def photograph(image: np.ndarray, light: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """Light the scene, add sensor noise and quantize to uint8 ``(SIZE, SIZE, 3)``."""
    return np.round(np.clip(image * light + noise, 0, 1) * 255).astype(np.uint8)
