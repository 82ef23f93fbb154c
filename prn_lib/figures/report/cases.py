"""The test images that a report shows: what was probably missed, false alarms, clear finds."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.figure import Figure

from prn_lib.datasets.sample import GOOD
from prn_lib.figures.base import Picture, draw_image, draw_outline, picture
from prn_lib.figures.report.evidence import Photos
from prn_lib.runs.results import Result

SHOWN = 6  # images of a group at most
CELL = 2.0  # inches a side of a photograph or map; with 256 colours, all are below 2.5 MB
OPACITY = 0.25, 0.75  # of the score map over its photograph, where the score is 0 and 1


@dataclass(frozen=True)
class Case:
    """One test image as a report tells of it."""

    name: str
    defect: str
    score: str
    remarks: list[str]  # how many images of the other kind score less, and whether it has no mask
    picture: Picture


@dataclass(frozen=True)
class Group:
    """Some test images and why they are shown."""

    title: str
    meaning: str
    cases: list[Case]


def groups_of(result: Result, maps: np.ndarray, photos: Photos | None) -> list[Group]:
    """The groups that hold an image; no image is in two of them.

    ``maps`` ``(N, S, S)`` and ``photos`` stand in the order of the run's scores; without
    photographs the maps are shown alone.
    """
    normals, anomalies = ranked(result.scores)
    lowest = min(SHOWN, math.ceil(len(anomalies) / 2))
    chosen = {
        ("Most likely missed", "the anomalies with the lowest scores"): anomalies[:lowest],
        ("Most likely false alarms", "the normal images with the highest scores"): normals[::-1],
        ("Clearest finds", "the anomalies with the highest scores"): anomalies[lowest:][::-1],
    }
    return [
        Group(title, meaning, [_case(result, i, maps[i], photos) for i in indices[:SHOWN]])
        for (title, meaning), indices in chosen.items()
        if indices
    ]


def ranked(scores: Sequence[dict[str, Any]]) -> tuple[list[int], list[int]]:
    """Indices of the normal and of the anomalous images, each from the lowest score up."""
    order = sorted(range(len(scores)), key=lambda i: scores[i]["score"])
    normals = [i for i in order if scores[i]["defect"] == GOOD]
    return normals, [i for i in order if scores[i]["defect"] != GOOD]


def _case(result: Result, i: int, score_map: np.ndarray, photos: Photos | None) -> Case:
    entry = result.scores[i]
    drawn = _draw_map(entry, score_map) if photos is None else _draw(entry, score_map, photos, i)
    return Case(
        name=entry["name"],
        defect=entry["defect"],
        score=f"{entry['score']:.3f}",
        remarks=[*_rank(entry, result.scores), *_lacks_mask(entry, photos, i)],
        picture=drawn,
    )


def _rank(entry: dict[str, Any], scores: Sequence[dict[str, Any]]) -> list[str]:
    normal = entry["defect"] == GOOD
    others = [e["score"] for e in scores if (e["defect"] == GOOD) != normal]
    if not others:
        return []
    below = sum(score < entry["score"] for score in others)
    counted = {0: f"none of {len(others)}", len(others): f"all {len(others)}"}
    kind = "anomalies" if normal else "normal images"
    return [f"higher than {counted.get(below, f'{below} of {len(others)}')} {kind}"]


def _lacks_mask(entry: dict[str, Any], photos: Photos | None, i: int) -> list[str]:
    lacking = photos is not None and entry["defect"] != GOOD and not photos.has_mask[i]
    return ["no mask"] if lacking else []


def _draw(entry: dict[str, Any], score_map: np.ndarray, photos: Photos, i: int) -> Picture:
    """The photograph with its defect outlined, and the score map over it."""
    figure, (photo, covered) = _cells(2)
    draw_image(photo, photos.images[i], "")
    draw_outline(photo, photos.masks[i])
    grey = photos.images[i].float().mean(0, keepdim=True).to(torch.uint8).expand(3, -1, -1)
    draw_image(covered, grey, "")
    opacity = np.interp(score_map, (0, 1), OPACITY)
    covered.imshow(score_map, cmap="inferno", vmin=0, vmax=1, alpha=opacity)
    outlined = ", its defect outlined in pink" if photos.masks[i].any() else ""
    return _rendered(
        figure,
        f"Photograph of {entry['name']}{outlined}; beside it the same with the score map over it. "
        f"{_highest(score_map)}",
    )


def _draw_map(entry: dict[str, Any], score_map: np.ndarray) -> Picture:
    figure, (axis,) = _cells(1)
    axis.imshow(score_map, cmap="inferno", vmin=0, vmax=1)
    return _rendered(figure, f"Score map of {entry['name']}. {_highest(score_map)}")


def _cells(count: int) -> tuple[Figure, np.ndarray]:
    """Cells side by side without a margin, which would be white on a dark page."""
    figure, axes = plt.subplots(1, count, figsize=(count * CELL, CELL), squeeze=False)
    figure.subplots_adjust(left=0, right=1, bottom=0, top=1, wspace=0.02)
    for axis in axes.flat:
        axis.set_axis_off()
    return figure, axes[0]


def _rendered(figure: Figure, alt: str) -> Picture:
    with plt.rc_context({"savefig.pad_inches": 0}):
        return picture(figure, alt).smaller()


def _highest(score_map: np.ndarray) -> str:
    row, column = np.unravel_index(score_map.argmax(), score_map.shape)
    down, right = (round(100 * (p + 0.5) / len(score_map)) for p in (row, column))
    return (
        f"The map is brightest, {score_map.max():.2f}, at {down}% of the height from the top and "
        f"{right}% of the width from the left."
    )
