"""The yardstick of ``synthesis.py``: one anomaly at a time with NumPy and OpenCV, as is usual.

Perlin noise in the form that circulates with DRAEM-like code (gradients repeated over pixels), and
Aug2 and noise masks drawn again until they meet the target area. Images are uint8 ``(H, W, 3)``.
"""

import math

import cv2
import numpy as np

Image = np.ndarray


def perlin_noise(shape: tuple[int, int], periods: tuple[int, int], rng: np.random.Generator):
    """One map ``(H, W)``; the sides must be multiples of the periods."""
    step = (periods[0] / shape[0], periods[1] / shape[1])
    repeats = (shape[0] // periods[0], shape[1] // periods[1])
    cells = np.mgrid[0 : periods[0] : step[0], 0 : periods[1] : step[1]].transpose(1, 2, 0) % 1
    angles = 2 * math.pi * rng.random((periods[0] + 1, periods[1] + 1))
    gradients = np.stack([np.cos(angles), np.sin(angles)], axis=-1)

    def ramp(down: int, right: int) -> np.ndarray:
        corner = gradients[down : down + periods[0], right : right + periods[1]]
        spread = corner.repeat(repeats[0], 0).repeat(repeats[1], 1)
        return np.sum((cells - (down, right)) * spread, axis=2)

    t = 6 * cells**5 - 15 * cells**4 + 10 * cells**3
    top = ramp(0, 0) * (1 - t[..., 1]) + ramp(0, 1) * t[..., 1]
    bottom = ramp(1, 0) * (1 - t[..., 1]) + ramp(1, 1) * t[..., 1]
    return math.sqrt(2) * ((1 - t[..., 0]) * top + t[..., 0] * bottom)


def _lookup(image: Image, table: np.ndarray) -> Image:
    return cv2.LUT(image, np.clip(table, 0, 255).astype(np.uint8))


def _autocontrast(image: Image) -> Image:
    low, high = image.min((0, 1)).astype(np.float32), image.max((0, 1)).astype(np.float32)
    return ((image - low) * (255 / np.maximum(high - low, 1))).astype(np.uint8)


def _sharpness(image: Image, factor: float) -> Image:
    smooth = cv2.filter2D(image, -1, np.array([[1, 1, 1], [1, 5, 1], [1, 1, 1]]) / 13)
    return cv2.addWeighted(image, factor, smooth, 1 - factor, 0)


def _equalize(image: Image) -> Image:
    return np.stack(
        [cv2.equalizeHist(np.ascontiguousarray(c)) for c in np.moveaxis(image, 2, 0)], 2
    )


LEVELS = np.arange(256)
COLOURS = (
    lambda image, rng: _equalize(image),
    lambda image, rng: _lookup(
        image, np.where(rng.integers(32, 129) <= LEVELS, 255 - LEVELS, LEVELS)
    ),
    lambda image, rng: _lookup(image, LEVELS & (256 - (1 << (8 - rng.integers(2, 6))))),
    lambda image, rng: _sharpness(image, rng.uniform(1.5, 4)),
    lambda image, rng: _autocontrast(image),
    lambda image, rng: _lookup(image, 255 - LEVELS),
    lambda image, rng: _lookup(image, 255 * (LEVELS / 255) ** rng.uniform(0.5, 2)),
)


def aug1(image: Image, rng: np.random.Generator) -> Image:
    """Two different colour operations."""
    for k in rng.choice(len(COLOURS), 2, replace=False):
        image = COLOURS[k](image, rng)
    return image


def target_area(side: int, rng: np.random.Generator) -> np.ndarray:
    """A random circle, rectangle or polygon ``(H, W)`` {0, 1}."""
    area = np.zeros((side, side), np.uint8)
    centre, radius = rng.integers(0, side, 2), int(rng.uniform(0.15, 0.6) * side)
    geometry = rng.integers(3)
    if geometry == 0:
        cv2.circle(area, centre.tolist(), radius, 1, -1)
    elif geometry == 1:
        half = rng.uniform(0.3, 1, 2) * radius
        low, high = (centre - half).astype(int), (centre + half).astype(int)
        cv2.rectangle(area, low.tolist(), high.tolist(), 1, -1)
    else:
        angles = np.sort(rng.uniform(0, 2 * math.pi, rng.integers(3, 9)))
        corners = centre + radius * np.stack([np.cos(angles), np.sin(angles)], 1)
        cv2.fillPoly(area, [corners.astype(np.int32)], 1)
    return area


def _blend(normal: Image, source: Image, mask: np.ndarray, rng: np.random.Generator):
    normal, source = normal.astype(np.float32) / 255, source.astype(np.float32) / 255
    mask, beta = mask[..., None].astype(np.float32), rng.uniform(0, 0.9)
    image = (1 - mask) * normal + (1 - beta) * mask * source + beta * mask * normal
    return image.transpose(2, 0, 1), mask.transpose(2, 0, 1)


def simulated(normal: Image, source: Image, shuffle: bool, rng: np.random.Generator):
    """A HEA, or with ``shuffle`` a HOA: image ``(3, H, W)`` and mask ``(1, H, W)`` float32."""
    side = normal.shape[0]
    source = aug1(source, rng)
    if shuffle:
        tiles = source.reshape(8, side // 8, 8, side // 8, 3).transpose(0, 2, 1, 3, 4)
        tiles = tiles.reshape(64, side // 8, side // 8, 3)[rng.permutation(64)]
        tiles = tiles.reshape(8, 8, side // 8, side // 8, 3).transpose(0, 2, 1, 3, 4)
        source = tiles.reshape(side, side, 3)
    mask = np.zeros((side, side), np.uint8)
    while not mask.any():
        periods = 2 ** rng.integers(0, 6, 2)
        noise = perlin_noise((side, side), tuple(periods.tolist()), rng)
        turn = cv2.getRotationMatrix2D((side / 2, side / 2), rng.uniform(-90, 90), 1)
        mask = (cv2.warpAffine(noise, turn, (side, side)) > 0.5) * target_area(side, rng)
    return _blend(normal, source, mask, rng)


def extended(normal: Image, seen: Image, seen_mask: np.ndarray, rng: np.random.Generator):
    """An EA: image ``(3, H, W)`` and mask ``(1, H, W)`` float32."""
    side = normal.shape[0]
    source = aug1(seen, rng)
    mask = np.zeros((side, side), np.uint8)
    while not mask.any():
        turn = cv2.getRotationMatrix2D((side / 2, side / 2), rng.uniform(-45, 45), 1)
        shear = np.eye(3)
        shear[0, 1], shear[1, 0] = np.tan(np.deg2rad(rng.uniform(-15, 15, 2)))
        matrix = turn @ shear
        matrix[:, 2] += rng.uniform(-side, side, 2)
        moved = cv2.warpAffine(seen_mask, matrix, (side, side), flags=cv2.INTER_NEAREST)
        mask = moved * target_area(side, rng)
    return _blend(normal, cv2.warpAffine(source, matrix, (side, side)), mask, rng)
