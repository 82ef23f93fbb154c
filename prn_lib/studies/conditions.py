"""What becomes of scores, false alarms and finds when light or camera change after training.

The test images of a finished run are changed in one way at a time and scored again. The threshold
is given: nothing is chosen here.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import torch
from torchvision.transforms.v2 import functional as F

from prn_lib.datasets import Category, Sample
from prn_lib.evaluation.metrics import auroc
from prn_lib.runs.results import Result, load_model, load_result
from prn_lib.runs.scoring import predict


def brighten(images: torch.Tensor, factor: float) -> torch.Tensor:
    """Images ``(N, 3, S, S)``, uint8 or float in [0, 1], times ``factor`` >= 0, cut at white."""
    return F.adjust_brightness(images, factor)


def blur(images: torch.Tensor, share: float) -> torch.Tensor:
    """Images ``(N, 3, S, S)``, uint8 or float, through a Gaussian of sigma ``share`` times S.

    ``share`` lies in [0, 0.2]; the images are mirrored at their border.
    """
    sigma = share * images.shape[-1]
    if sigma == 0:
        return images
    width = 2 * math.ceil(4 * sigma) + 1
    return F.gaussian_blur(images, [width, width], [sigma, sigma])


def shift(images: torch.Tensor, share: float) -> torch.Tensor:
    """Images ``(N, 3, S, S)``, uint8 or float, moved right and down by ``share`` of S each.

    ``share`` lies in [0, 1] and is rounded to whole pixels. The border that is left behind repeats.
    """
    side = images.shape[-1]
    pixels = round(share * side)
    return F.pad(images, [pixels, pixels, 0, 0], padding_mode="edge")[..., :side, :side]


@dataclass(frozen=True)
class Change:
    """``apply(images, level)`` changes images; at the level ``unchanged`` they stay as they are."""

    apply: Callable[[torch.Tensor, float], torch.Tensor]
    levels: tuple[float, ...]
    unchanged: float


CHANGES = {
    "brightness": Change(brighten, (0.6, 0.8, 0.9, 1, 1.1, 1.2, 1.4), 1),
    "blur": Change(blur, (0, 0.005, 0.01, 0.02, 0.03), 0),
    "shift": Change(shift, (0, 0.015, 0.03, 0.045, 0.06), 0),
}


def score_conditions(
    run_folder: Path | str,
    category: Category,
    limit: int | None = None,
    device: torch.device | str = "cpu",
) -> pd.DataFrame:
    """The image scores in [0, 1] of a run's test images under every level of every change.

    One row an image, with columns change, level, name, anomalous and score. ``limit`` keeps that
    many normal and that many anomalous images, the first by name.

    Raises ValueError for a ``limit`` below 1 and for a category with other test images than the
    run's, and what :func:`prn_lib.runs.results.load_model` raises.
    """
    result, model = load_result(run_folder), load_model(run_folder, device)
    e, samples = result.experiment, _tested(result, category, limit)
    images, _ = category.load(samples, e.image_size)
    known = {"name": [s.name for s in samples], "anomalous": [s.is_anomaly for s in samples]}
    tables = []
    for name, change in CHANGES.items():
        for level in change.levels:
            changed = change.apply(images, level)
            _, scores = predict(model, changed, top_k=e.top_k, score=e.image_score)
            row = {"change": name, "level": float(level), **known, "score": scores.numpy()}
            tables.append(pd.DataFrame(row))
    return pd.concat(tables, ignore_index=True)


def _tested(result: Result, category: Category, limit: int | None) -> Sequence[Sample]:
    """The test images by name, of either kind the first ``limit``."""
    if limit is not None and limit < 1:
        raise ValueError(f"limit={limit} must be 1 or more images of either kind, or None for all")
    samples = sorted(category.test, key=lambda sample: sample.name)
    strange = {s.name for s in samples} - {entry["name"] for entry in result.scores}
    if strange:
        raise ValueError(
            f"{min(strange)} is no test image of the run in {result.folder}; read its category "
            "with prn_lib.runs.read_category(result.experiment)"
        )
    normals = [sample for sample in samples if not sample.is_anomaly]
    return normals[:limit] + [sample for sample in samples if sample.is_anomaly][:limit]


def conditions_table(scores: pd.DataFrame, threshold: float) -> pd.DataFrame:
    """What a ``threshold`` makes of the scores of :func:`score_conditions`: a row for each level.

    ``false alarms`` and ``found`` are the shares of normals and of anomalies above the threshold.
    They, the medians of the scores and image AUROC are fractions in [0, 1], NaN where an image of
    the kind is missing; ``normals`` and ``anomalies`` say how many images there are.
    """
    rows = []
    for (change, level), group in scores.groupby(["change", "level"], sort=False):
        normal = group["score"][~group["anomalous"]]
        anomalous = group["score"][group["anomalous"]]
        rows.append(
            {
                "change": change,
                "level": level,
                "normals": len(normal),
                "anomalies": len(anomalous),
                "false alarms": (normal > threshold).mean(),
                "found": (anomalous > threshold).mean(),
                "median normal score": normal.median(),
                "median anomalous score": anomalous.median(),
                "image AUROC": auroc(group["anomalous"].to_numpy(int), group["score"].to_numpy()),
            }
        )
    return pd.DataFrame(rows)
