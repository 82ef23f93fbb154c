"""Figures of the metrics: maps to compare, scores in cells, curves, and what a threshold finds."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from scipy import ndimage

from prn_lib.evaluation.metrics import NEIGHBOURS, PRO_LIMIT, Ranking
from prn_lib.figures.base import CONTOUR, Picture, draw_image, draw_outline, image_grid, picture

OUTCOMES = {"hit": "#56b4e9", "missed": "#f0e442", "false alarm": "#d55e00"}  # Okabe and Ito
FEW = 10  # thresholds that are labelled on their curves


def show_rivals(
    image: torch.Tensor, mask: np.ndarray, score_maps: Mapping[str, np.ndarray]
) -> Picture:
    """An image ``(3, H, W)``, its mask ``(H, W)``, and score maps ``(H, W)`` by name.

    All maps have one colour scale, from 0 to the highest score of the first.
    """
    figure, axes = image_grid(1, 2 + len(score_maps))
    draw_image(axes[0, 0], image, "a test image")
    draw_outline(axes[0, 0], torch.from_numpy(mask)[None])
    axes[0, 1].imshow(mask, cmap="gray", vmin=0, vmax=1)
    axes[0, 1].set_title("its mask", fontsize=8)
    high = next(iter(score_maps.values())).max()
    told = []
    for axis, (name, score_map) in zip(axes[0, 2:], score_maps.items(), strict=True):
        axis.imshow(score_map, cmap="inferno", vmin=0, vmax=high)
        axis.set_title(name, fontsize=8)
        bright = score_map >= high / 2
        told.append(
            f"{name} is bright on {int(bright[mask == 1].sum())} of its {int(mask.sum())} pixels "
            f"and on {int(bright[mask == 0].sum())} others"
        )
    return picture(
        figure,
        "A product with its defect outlined, the defect's mask in white, and "
        f"{len(score_maps)} score maps: {'; '.join(told)}.",
    )


def show_cells(mask: np.ndarray, scores: np.ndarray) -> Picture:
    """A small map ``(H, W)``: scores written in the cells, defect regions outlined."""
    figure, axis = plt.subplots(figsize=(3.4, 3.4))
    axis.imshow(scores, cmap="Greys", vmin=0, vmax=1.4)
    rows, columns = scores.shape
    axis.set_xticks(np.arange(columns + 1) - 0.5, minor=True)
    axis.set_yticks(np.arange(rows + 1) - 0.5, minor=True)
    axis.grid(which="minor", color="white")
    axis.tick_params(which="both", length=0, labelbottom=False, labelleft=False)
    axis.spines[:].set_visible(False)
    for (row, column), score in np.ndenumerate(scores):
        axis.text(column, row, f"{score:.1f}", ha="center", va="center", fontsize=10)
    for row, column in np.argwhere(mask):
        for step, side in (
            ((-1, 0), "top"),
            ((1, 0), "bottom"),
            ((0, -1), "left"),
            ((0, 1), "right"),
        ):
            _draw_border(axis, mask, (row, column), step, side)
    labelled, count = ndimage.label(mask, NEIGHBOURS[8])
    told = [
        f"{size} with {', '.join(f'{s:.1f}' for s in sorted(scores[labelled == k], reverse=True))}"
        for k, size in enumerate(np.bincount(labelled.ravel())[1:], start=1)
    ]
    return picture(
        figure,
        f"A grid of {rows} x {columns} pixels with a score in each. {count} defect regions are "
        f"outlined in pink, by pixels and their scores: {'; '.join(told)}. Two good pixels score "
        f"{' and '.join(f'{s:.1f}' for s in np.sort(scores[mask == 0])[:-3:-1])}, the others less.",
    )


def _draw_border(
    axis: Axes, mask: np.ndarray, pixel: tuple[int, int], step: tuple[int, int], side: str
) -> None:
    """Draw one side of a defect pixel where its neighbour there is good."""
    row, column = pixel
    if np.pad(mask, 1)[row + 1 + step[0], column + 1 + step[1]]:
        return
    x = {"left": [-0.5, -0.5], "right": [0.5, 0.5]}.get(side, [-0.5, 0.5])
    y = {"top": [-0.5, -0.5], "bottom": [0.5, 0.5]}.get(side, [-0.5, 0.5])
    axis.plot(np.add(x, column), np.add(y, row), color=CONTOUR, linewidth=3, solid_capstyle="round")


def show_curves(ranking: Ranking) -> Picture:
    """The ROC, precision-recall and PRO curves of a ranking; areas that are metrics are shaded."""
    figure, axes = plt.subplots(1, 3, figsize=(8.4, 3.0), layout="constrained")
    draw_curves(axes, ranking)
    if len(ranking.thresholds) <= FEW:
        for i, threshold in enumerate(ranking.thresholds):
            for axis, point in zip(axes, points_of(ranking, i), strict=True):
                place = (4, 3) if axis is axes[1] else (5, -10)  # free of the curve
                axis.plot(*point, "o", color="black", markersize=4, clip_on=False)
                axis.annotate(
                    f"{threshold:.1f}", point, place, textcoords="offset points", fontsize=8
                )
    return picture(
        figure,
        "Three curves above shaded areas. Recall against false positive rate, area "
        f"{ranking.auroc():.3f}; precision against recall, area "
        f"{ranking.average_precision():.3f}; overlap of regions against false positive rate, "
        f"{ranking.pro():.3f} of the area up to a dashed line at {PRO_LIMIT}.",
    )


def draw_curves(axes: Sequence[Axes], ranking: Ranking) -> None:
    """Draw the ROC, precision-recall and PRO curves into three axes."""
    roc, precision_recall, pro = axes
    shade: dict[str, Any] = {"color": "0.88", "linewidth": 0}
    line: dict[str, Any] = {"color": "C0", "linewidth": 1.5}
    recall = ranking.found / ranking.positives
    x, y = ranking.curve(recall)
    roc.fill_between(x, y, **shade)
    roc.plot(x, y, **line)
    roc.set(title=f"ROC: area {ranking.auroc():.3f}", ylabel="recall")
    x, precision = np.append(0, recall), ranking.precision()
    y = np.append(precision[0], precision)
    precision_recall.fill_between(x, y, step="pre", **shade)
    precision_recall.step(x, y, where="pre", **line)
    precision_recall.set(
        title=f"precision, recall: AP {ranking.average_precision():.3f}", ylabel="precision"
    )
    x, y = ranking.curve(ranking.overlap)
    inside = x <= PRO_LIMIT
    cut = np.append(x[inside], PRO_LIMIT), np.append(y[inside], np.interp(PRO_LIMIT, x, y))
    pro.fill_between(*cut, **shade)
    pro.plot(x, y, **line)
    pro.axvline(PRO_LIMIT, color="0.3", linestyle="--", linewidth=1)
    pro.set(title=f"PRO: {ranking.pro():.3f}", ylabel="overlap")
    for axis in axes:
        axis.set(xlabel="false positive rate", xlim=(0, 1), ylim=(0, 1.06), box_aspect=1)
        axis.title.set_fontsize(9)
        axis.spines[["top", "right"]].set_visible(False)
    precision_recall.set_xlabel("recall")


def points_of(ranking: Ranking, i: int) -> list[tuple[float, float]]:
    """Where threshold ``i`` lies on the ROC, precision-recall and PRO curves, as (x, y)."""
    rate = float(ranking.alarms[i] / ranking.negatives)
    recall = float(ranking.found[i] / ranking.positives)
    precision = float(ranking.precision()[i])
    return [(rate, recall), (recall, precision), (rate, float(ranking.overlap[i]))]


def outcome(image: torch.Tensor, mask: np.ndarray, called: np.ndarray) -> np.ndarray:
    """What ``called`` ``(H, W)`` bool gets right and wrong, in colours over a pale grey image.

    ``image`` is ``(3, H, W)`` uint8, ``mask`` ``(H, W)`` {0, 1}. Returns uint8 ``(H, W, 3)``.
    """
    grey = 0.5 + 0.5 * image.float().mean(0).numpy() / 255
    shown = np.repeat(grey[..., None], 3, axis=2)
    wrong_or_right = (called & (mask == 1), ~called & (mask == 1), called & (mask == 0))
    for pixels, colour in zip(wrong_or_right, OUTCOMES.values(), strict=True):
        shown[pixels] = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    return (255 * shown).round().astype(np.uint8)
