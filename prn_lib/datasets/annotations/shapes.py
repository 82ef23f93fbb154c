"""Outlines become masks, as LabelMe itself draws them, with Pillow.

Coordinates are in pixels, x to the right and y down; the pixel (0, 0) is the square from (0, 0) to
(1, 1). A corner is the pixel that it lies in. A pixel belongs to a shape if the outline between
corners runs through it or if it lies inside.
"""

import math

import numpy as np
from PIL import Image, ImageDraw

FAR = 1e6  # pixels; no picture is that wide, and Pillow's whole numbers would overflow later
CORNERS = {"polygon": None, "oriented_rectangle": 4, "rectangle": 2, "circle": 2, "mask": 2}


def read_points(values: object, where: str) -> np.ndarray:
    """Coordinates ``(N, 2)`` float of a list of pairs. Raises ValueError, naming ``where``."""
    try:
        points = np.asarray(values, float)
    except (TypeError, ValueError):
        points = np.empty(0)
    if points.ndim != 2 or points.shape[1] != 2:
        raise ValueError(f"{where} has points that are no pairs of numbers; draw it again")
    if not (np.abs(points) < FAR).all():  # also NaN and infinity
        raise ValueError(f"{where} has coordinates that are no pixels (NaN or huge); draw it again")
    return points


def reaches_outside(points: np.ndarray, size: tuple[int, int]) -> bool:
    """Whether points ``(N, 2)`` lie outside of a picture of (width, height)."""
    return bool((points < 0).any() or (points > np.array(size)).any())


def extreme_points(kind: str, points: np.ndarray) -> np.ndarray:
    """Points ``(N, 2)`` that reach as far as a shape does: of a circle, its bounding corners."""
    if kind != "circle":
        return points
    radius = math.dist(*points)
    return np.stack([points[0] - radius, points[0] + radius])


def check_corners(kind: str, points: np.ndarray, where: str) -> None:
    """Raise ValueError if a shape has no area by its kind or has a wrong number of points."""
    if kind not in CORNERS:
        raise ValueError(
            f"{where} is a {kind}, which has no area; outline the defect with a polygon"
        )
    wanted = CORNERS[kind]
    if wanted is None and len(points) < 3:
        raise ValueError(f"{where} is a polygon of {len(points)} points; it needs three: redraw it")
    if wanted is not None and len(points) != wanted:
        raise ValueError(
            f"{where} is a {kind} of {len(points)} points instead of {wanted}; draw it again"
        )


def fill(kind: str, points: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A mask ``(H, W)`` bool of a shape in a picture of (width, height); what is outside is cut.

    ``points`` are a polygon's corners ``(N, 2)``, two opposite corners of a rectangle, or the
    centre of a circle and a point on it.
    """
    canvas = Image.new("L", size)
    draw = ImageDraw.Draw(canvas)
    corners = np.floor(extreme_points(kind, points))
    box = [*corners.min(0).tolist(), *corners.max(0).tolist()]
    if kind == "rectangle":
        draw.rectangle(box, fill=1)
    elif kind == "circle":
        draw.ellipse(box, fill=1)
    else:
        draw.polygon([tuple(point) for point in corners.tolist()], fill=1, outline=1)
    return np.asarray(canvas).astype(bool)


def place(patch: np.ndarray, corner: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A mask ``(H, W)`` bool with ``patch`` ``(h, w)``, its upper left pixel at ``corner``."""
    width, height = size
    x, y = np.rint(corner).astype(int).tolist()
    left, top = max(x, 0), max(y, 0)
    cut = patch[top - y : max(height - y, 0), left - x : max(width - x, 0)]
    mask = np.zeros((height, width), bool)
    mask[top : top + cut.shape[0], left : left + cut.shape[1]] = cut
    return mask
