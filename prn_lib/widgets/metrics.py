"""A slider over the threshold of score maps."""

from collections.abc import Sequence

import ipywidgets
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from prn_lib.evaluation.metrics import Ranking, rank_pixels
from prn_lib.figures.metrics import OUTCOMES, draw_curves, outcome, points_of
from prn_lib.widgets.explore import explore
from prn_lib.widgets.pictures import rendered

POSITIONS = 25
FIRST = 1e-3  # the least share of all pixels that is called anomalous


def explore_threshold(
    images: torch.Tensor, masks: np.ndarray, score_maps: np.ndarray, shown: int
) -> ipywidgets.VBox:
    """What a threshold calls anomalous in one image, and where it lies on the curves of them all.

    ``images`` ``(N, 3, S, S)`` uint8, ``masks`` and ``score_maps`` ``(N, S, S)``; ``shown`` is the
    index of an anomalous image. Seed 1 shows the next anomalous one, and so on.
    """
    ranking = rank_pixels(masks, score_maps)
    anomalous = np.flatnonzero(masks.any((1, 2))).tolist()
    first = anomalous.index(shown)

    def render(i: int, seed: int) -> np.ndarray:
        k = anomalous[(first + seed) % len(anomalous)]
        called = score_maps[k] >= ranking.thresholds[i]
        figure = Figure(figsize=(6.8, 6.6), dpi=100, layout="constrained")
        axes = figure.subplots(2, 2)
        _draw_outcome(axes[0, 0], outcome(images[k], masks[k], called))
        draw_curves(axes.flat[1:], ranking)
        _draw_points(axes.flat[1:], ranking, i)
        return rendered(figure)

    positions = {f"{ranking.thresholds[i]:.4f}": i for i in threshold_indices(ranking)}
    alt = (
        "A test image in pale grey with hits in blue, missed defect pixels in yellow and false "
        "alarms in orange; beside and below it the ROC, precision-recall and PRO curves of all "
        "test images, with a black point at the threshold"
    )
    return explore(render, {"threshold": positions}, alt=alt, width=660)


def threshold_indices(ranking: Ranking) -> list[int]:
    """Thresholds from the lowest to a high one, each calling a fixed multiple of the next."""
    called = ranking.found + ranking.alarms
    total = ranking.positives + ranking.negatives
    least = min(max(FIRST * total, called[0]), called[-1])
    wanted = np.geomspace(least, called[-1], POSITIONS)
    places = np.searchsorted(called, wanted.round()).clip(max=len(called) - 1)
    return np.unique(places)[::-1].tolist()


def _draw_outcome(axis: Axes, picture: np.ndarray) -> None:
    axis.imshow(picture, interpolation="nearest")
    axis.set(xticks=[], yticks=[])
    axis.spines[:].set_visible(False)
    handles = [Patch(color=colour, label=name) for name, colour in OUTCOMES.items()]
    axis.legend(
        handles=handles,
        loc="upper center",
        bbox_to_anchor=(0.5, 0),
        ncols=3,
        frameon=False,
        fontsize=9,
        handlelength=1,
        columnspacing=1,
    )


def _draw_points(axes: Sequence[Axes], ranking: Ranking, i: int) -> None:
    """Mark threshold ``i`` on the curves and tell its numbers."""
    points = points_of(ranking, i)
    (rate, recall), (_, precision), (_, overlap) = points
    told = (
        f"false positive rate {rate:.2%}\nrecall {recall:.0%}",
        f"precision {precision:.0%}\nrecall {recall:.0%}",
        f"false positive rate {rate:.2%}\noverlap {overlap:.0%}",
    )
    corners = ((0.97, 0.05), (0.97, 0.83), (0.97, 0.05))
    for axis, point, text, corner in zip(axes, points, told, corners, strict=True):
        axis.plot(*point, "o", color="black", markeredgecolor="white", markersize=9, clip_on=False)
        axis.text(*corner, text, transform=axis.transAxes, ha="right", fontsize=9)
