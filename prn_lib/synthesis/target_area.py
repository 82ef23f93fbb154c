"""Target areas (TA, Sec. 3.4): where an anomaly may be placed.

A random circle, rectangle or polygon, cut to the object's foreground where there is one.
"""

import math

import cv2
import numpy as np
import torch
from scipy import ndimage

from prn_lib.synthesis.perlin import uniform

GEOMETRIES = ("circle", "rectangle", "polygon")
EXTENT = (0.15, 0.6)  # half the area's extent, as a share of the image's shorter side
FOREGROUND_SHARE = (0.01, 0.99)  # an estimate outside this range found nothing or everything


def estimate_foreground(image: torch.Tensor) -> torch.Tensor:
    """Separate an object from a plain background.

    ``image`` is ``(3, H, W)`` float in [0, 1]. Returns ``(1, H, W)`` float {0, 1}. A pixel belongs
    to the object if its colour differs from the border's median colour by more than Otsu's
    threshold; small gaps are closed and holes filled. (The paper does not say how.)

    Raises ValueError if nearly nothing or nearly everything is foreground.
    """
    pixels = image.permute(1, 2, 0).numpy()
    border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    distance = np.abs(pixels - np.median(border, axis=0)).max(axis=2)
    grey = np.round(distance * 255).astype(np.uint8)
    _, binary = cv2.threshold(grey, 0, 1, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    closed = cv2.morphologyEx(binary, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    filled = ndimage.binary_fill_holes(closed)
    share = filled.mean()
    if not FOREGROUND_SHARE[0] <= share <= FOREGROUND_SHARE[1]:
        raise ValueError(
            f"the foreground estimate covers {share:.1%} of the image: the object does not stand "
            "out from a plain background; set use_foreground=False"
        )
    return torch.from_numpy(filled.astype(np.float32))[None]


def random_target_area(
    shape: tuple[int, int], generator: torch.Generator, foreground: torch.Tensor | None = None
) -> tuple[torch.Tensor, str]:
    """Draw a target area ``(1, H, W)`` float {0, 1} and the name of its geometry.

    Its centre lies on the foreground (anywhere if None) and it is cut to the foreground, so it is
    never empty.
    """
    geometry = GEOMETRIES[int(torch.randint(len(GEOMETRIES), (), generator=generator))]
    centre = _random_centre(shape, generator, foreground)
    outline = _outline(geometry, min(shape), generator) + centre  # (n, 2) as (x, y)
    area = np.zeros(shape, np.uint8)
    cv2.fillPoly(area, [np.round(outline).astype(np.int32)], 1)
    area[int(centre[1]), int(centre[0])] = 1
    target = torch.from_numpy(area).float()[None]
    return (target if foreground is None else target * foreground), geometry


def _random_centre(
    shape: tuple[int, int], generator: torch.Generator, foreground: torch.Tensor | None
) -> np.ndarray:
    candidates = torch.ones(shape) if foreground is None else foreground[0]
    flat = candidates.flatten().nonzero().flatten()
    pick = int(flat[int(torch.randint(len(flat), (), generator=generator))])
    return np.array([pick % shape[1], pick // shape[1]])


def _outline(geometry: str, side: int, generator: torch.Generator) -> np.ndarray:
    """Vertices ``(n, 2)`` around the origin, in pixels."""
    extent = uniform(*EXTENT, generator) * side
    if geometry == "rectangle":
        half_width, half_height = extent, extent * uniform(0.3, 1.0, generator)
        corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
        return corners * np.array([half_width, half_height])
    if geometry == "circle":
        count, radii = 64, np.full(64, extent)
    else:
        count = int(torch.randint(3, 9, (), generator=generator))
        radii = extent * (0.4 + 0.6 * torch.rand(count, generator=generator).numpy())
    turn = uniform(0, 2 * math.pi, generator)
    angles = turn + 2 * math.pi * np.arange(count) / count
    return np.stack([radii * np.cos(angles), radii * np.sin(angles)], axis=1)
