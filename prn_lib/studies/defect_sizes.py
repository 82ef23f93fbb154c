"""What an image score is worth for defects of each size: the paper's limitation, measured.

The paper averages the 100 highest of 256 x 256 pixels and says itself that this does not favour
tiny defects. Here several image scores are compared on the same score maps, against the same normal
images, for defects of different area.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch
from torchvision.transforms.v2.functional import gaussian_blur

from prn_lib.evaluation.image_scores import best_region, count_at, smoothed_maximum, top_mean
from prn_lib.evaluation.metrics import auroc

PAPER = "top 100"
ALL = "all"
# Areas in pixels of 256 x 256: from the first up to the second.
GROUPS = {"below 100": (0, 100), "100 to 399": (100, 400), "400 and more": (400, 256 * 256 + 1)}


def image_score_candidates(side: int) -> dict[str, Callable[[torch.Tensor], torch.Tensor]]:
    """Scores ``(N, 1, side, side)`` -> ``(N,)`` by name; lengths are meant at 256 x 256."""

    def top(count: int) -> Callable[[torch.Tensor], torch.Tensor]:
        return lambda maps: top_mean(maps, count_at(side, count))

    def smoothed(pixels: int) -> Callable[[torch.Tensor], torch.Tensor]:
        return lambda maps: smoothed_maximum(maps, pixels / 256)

    return {
        "highest pixel": lambda maps: top_mean(maps, 1),
        "top 10": top(10),
        PAPER: top(100),
        "top 1000": top(1000),
        "blurred by 2": smoothed(2),
        "blurred by 4": smoothed(4),
        "best region": best_region,
    }


def areas_at_256(masks: np.ndarray) -> np.ndarray:
    """Anomalous pixels of masks ``(N, S, S)``, as many as they would be at 256 x 256: ``(N,)``."""
    return masks.sum((1, 2)) * (256 / masks.shape[-1]) ** 2


def auroc_by_size(score_maps: np.ndarray, masks: np.ndarray) -> pd.DataFrame:
    """Image AUROC (fractions) of every candidate, over all defects and over those of each group.

    ``score_maps`` and ``masks`` are ``(N, S, S)``; an image without mask pixels counts as normal,
    and every group is compared with all normal images. NaN where a group is empty.
    """
    maps, areas = torch.from_numpy(score_maps)[:, None], areas_at_256(masks)
    groups = {ALL: (0, np.inf), **GROUPS}
    rows: dict[str, dict[str, float]] = {}
    for name, score in image_score_candidates(masks.shape[-1]).items():
        scores = score(maps).numpy()
        rows[name] = {}
        for group, (low, high) in groups.items():
            member = (areas > 0) & (areas >= low) & (areas < high)
            chosen = member | (areas == 0)
            rows[name][group] = auroc(member[chosen], scores[chosen])
    return pd.DataFrame.from_dict(rows, orient="index")


def count_by_size(masks: np.ndarray) -> dict[str, int]:
    """How many images of masks ``(N, S, S)`` have a defect of each group's area."""
    areas = areas_at_256(masks)
    areas = areas[areas > 0]
    return {name: int(((areas >= a) & (areas < b)).sum()) for name, (a, b) in GROUPS.items()}


def compare_scores(records: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """In percent, the mean over runs of each candidate's image AUROC, all and by size.

    Behind it, as ``wins``, in how many of the runs a candidate does better than the paper's score
    over all defects. ``records`` are entries of ``results/defect_sizes.json``
    (``workflow/defect_sizes.py``). Raises ValueError if there is none.
    """
    if not records:
        raise ValueError("there is no record to compare; make some with workflow/defect_sizes.py")
    tables = [pd.DataFrame(record["image_auroc"]).T.astype(float) for record in records]
    mean = pd.concat(tables).groupby(level=0, sort=False).mean()
    wins = sum((table[ALL] > table.loc[PAPER, ALL]).astype(int) for table in tables)
    table = (100 * mean).round(1).assign(wins=[f"{wins[n]} of {len(tables)}" for n in mean.index])
    return table.dropna(axis="columns", how="all")


def toy_maps(
    area: int, grain: float, generator: torch.Generator, count: int = 60, side: int = 128
) -> torch.Tensor:
    """Score maps of a world where size is all: ``count`` normal ones, then as many with a defect.

    ``(2 * count, 1, side, side)`` in [0, 1]. The ground is low with noise of ``grain`` pixels; a
    defect of ``area`` pixels, as round as can be, lies anywhere and is scored as surely, whatever
    its size.
    """
    noise = torch.randn(2 * count, 1, side, side, generator=generator)
    width = 2 * max(1, round(3 * grain)) + 1
    noise = gaussian_blur(noise, [width, width], [grain, grain])
    logits = 1.4 * noise / noise.std() - 4
    line = torch.arange(side)
    centres = torch.randint(side // 8, side - side // 8, (count, 2), generator=generator)
    for each, (y, x) in zip(logits[count:, 0], centres.tolist(), strict=True):
        distance = (line[:, None] - y) ** 2 + (line - x) ** 2
        nearest = distance.flatten().argsort(stable=True)[:area]
        each.view(-1)[nearest] += 5
    return logits.sigmoid()
