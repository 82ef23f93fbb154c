"""Connected regions of a score map, in the photograph's own pixels."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage


@dataclass(frozen=True)
class Region:
    """One connected region above a threshold; lengths and ``area`` in the photograph's pixels.

    ``right`` and ``bottom`` are the first column and row behind it. ``score`` is its highest.
    """

    left: int
    top: int
    right: int
    bottom: int
    area: int
    score: float


def find_regions(score_map: np.ndarray, threshold: float, size: tuple[int, int]) -> list[Region]:
    """Regions of ``score_map`` ``(S, S)`` above ``threshold``, the largest first.

    Pixels that touch at a corner belong together. ``size`` is the photograph's (width, height).
    """
    labels, count = ndimage.label(score_map > threshold, np.ones((3, 3)))
    wide, high = (length / score_map.shape[0] for length in size)
    areas = np.bincount(labels.ravel(), minlength=count + 1)[1:]
    highest = ndimage.maximum(score_map, labels, np.arange(1, count + 1))
    regions = [
        Region(
            left=int(columns.start * wide),
            top=int(rows.start * high),
            right=int(np.ceil(columns.stop * wide)),
            bottom=int(np.ceil(rows.stop * high)),
            area=round(int(area) * wide * high),
            score=round(float(score), 4),
        )
        for (rows, columns), area, score in zip(
            ndimage.find_objects(labels), areas, highest, strict=True
        )
    ]
    return sorted(regions, key=lambda region: -region.area)
