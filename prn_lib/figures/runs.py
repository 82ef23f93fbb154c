"""Figures of a run: its loss, its score maps, its image scores."""

from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from prn_lib.datasets import Category, Sample
from prn_lib.datasets.sample import GOOD
from prn_lib.figures.base import (
    Picture,
    draw_image,
    image_grid,
    normal_first,
    picture,
)
from prn_lib.runs.results import Result
from prn_lib.runs.scoring import Scored

BINS = 30  # of a histogram, from the lowest score to the highest


def show_loss(losses: Sequence[float], width: float = 7) -> Picture:
    """The loss of every step and its running mean over a tenth of the run; ``width`` in inches.

    Raises ValueError if there was no step.
    """
    if not losses:
        raise ValueError("there is no loss to show: max_steps=0 trains nothing")
    window = max(1, len(losses) // 10)
    mean = np.convolve(losses, np.ones(window) / window, "valid")
    figure, axis = plt.subplots(figsize=(width, 2.6))
    axis.plot(losses, color="0.75", linewidth=0.8, label="each step")
    axis.plot(np.arange(window - 1, len(losses)), mean, color="C0", label=f"mean of {window} steps")
    axis.set(xlabel="step", ylabel="loss (Eq. 5)", yscale="log")
    axis.spines[["top", "right"]].set_visible(False)
    axis.legend(frameon=False)
    return picture(
        figure,
        f"Training loss over {len(losses)} steps; its running mean goes from {mean[0]:.3f} "
        f"to {mean[-1]:.3f}.",
    )


def show_score_maps(result: Result, category: Category, samples: Sequence[Sample]) -> Picture:
    """Our Fig. 6: for each test sample the image, the ground truth and the score map.

    Where none of the samples has a mask there is no ground truth.
    """
    size = result.experiment.image_size
    index = {entry["name"]: i for i, entry in enumerate(result.scores)}
    maps = result.score_maps()
    images, masks = category.load(samples, size)
    rows = ["image", "ground truth", "score map"]
    if not any(sample.mask for sample in samples):
        rows.remove("ground truth")
    figure, axes = image_grid(len(rows), len(samples))
    for column, sample, image, mask in zip(axes.T, samples, images, masks, strict=True):
        i = index[sample.name]
        draw_image(column[0], image, sample.defect)
        if "ground truth" in rows:
            _draw_mask(column[1], sample, mask[0])
        column[-1].imshow(maps[i], cmap="inferno", vmin=0, vmax=1)
        column[-1].set_title(f"score {result.scores[i]['score']:.2f}", fontsize=8)
    for axis, name in zip(axes[:, 0], rows, strict=True):
        axis.set_ylabel(name, fontsize=8)
    listed = ", ".join(
        f"{sample.name} (score {result.scores[index[sample.name]]['score']:.2f})"
        for sample in samples
    )
    shown = "Image, ground truth and" if "ground truth" in rows else "Image and"
    return picture(figure, f"{shown} predicted score map of {listed}.")


def _draw_mask(axis: Axes, sample: Sample, mask: torch.Tensor) -> None:
    """A sample's mask ``(H, W)``, or words for an anomaly that has none."""
    if sample.is_anomaly and sample.mask is None:
        axis.text(0.5, 0.5, "no mask", ha="center", va="center", transform=axis.transAxes)
    else:
        axis.imshow(mask.numpy(), cmap="gray", vmin=0, vmax=1)


def show_image_scores(result: Result) -> Picture:
    """The image scores of the test set, one row for each type."""
    defects = normal_first({entry["defect"] for entry in result.scores})
    figure, axis = plt.subplots(figsize=(7, 0.6 + 0.32 * len(defects)))
    for row, defect in enumerate(defects):
        scores = [entry["score"] for entry in result.scores if entry["defect"] == defect]
        colour = "C0" if defect == GOOD else "C3"
        axis.plot(scores, np.full(len(scores), row), "|", color=colour, markersize=12)
    axis.set(yticks=range(len(defects)), yticklabels=defects, xlim=(0, 1), xlabel="image score")
    axis.set_ylim(len(defects) - 0.5, -0.5)
    axis.spines[["top", "right"]].set_visible(False)
    return picture(
        figure,
        "Image scores of the test set as ticks from 0 to 1, one row for the normal images and one "
        f"for each defect type: {', '.join(defects)}.",
    )


def show_histogram(result: Result, threshold: float | None = None) -> Picture:
    """How many normal and anomalous test images have each score, and perhaps a threshold."""
    groups: dict[str, list[float]] = {"normal": [], "anomalous": []}
    for entry in result.scores:
        groups["normal" if entry["defect"] == GOOD else "anomalous"].append(entry["score"])
    marked = [*groups["normal"], *groups["anomalous"], *([] if threshold is None else [threshold])]
    edges = np.histogram_bin_edges(marked, BINS).tolist()
    figure, axis = plt.subplots(figsize=(4.6, 2.6))
    look: dict[str, Any] = {"histtype": "stepfilled", "alpha": 0.55}
    for (name, scores), colour, hatch in zip(groups.items(), ("C0", "C3"), ("", "//"), strict=True):
        label = f"{len(scores)} {name}"
        axis.hist(scores, edges, color=colour, edgecolor=colour, hatch=hatch, label=label, **look)
    told = ""
    if threshold is not None:
        axis.axvline(threshold, color="black", linestyle="--", linewidth=1, label="threshold")
        told = f" A dashed line marks the threshold {threshold:.3f}."
    axis.set(xlabel="image score", ylabel="images")
    axis.yaxis.set_major_locator(MaxNLocator(integer=True))
    axis.spines[["top", "right"]].set_visible(False)
    axis.legend(frameon=False, fontsize=9)
    spans = " and ".join(_span(name, scores) for name, scores in groups.items() if scores)
    return picture(figure, f"Histogram of the image scores: {spans}.{told}")


def _span(name: str, scores: Sequence[float]) -> str:
    return f"{len(scores)} {name} images from {min(scores):.3f} to {max(scores):.3f}"


def show_scored(scored: Scored, titles: Sequence[str]) -> Picture:
    """New photographs above their score maps; each map goes from 0 to 1."""
    figure, axes = image_grid(2, len(titles))
    for column, title, image, score_map, score in zip(
        axes.T, titles, scored.images, scored.score_maps, scored.image_scores, strict=True
    ):
        draw_image(column[0], image, title)
        column[1].imshow(score_map, cmap="inferno", vmin=0, vmax=1)
        column[1].set_title(f"score {score:.2f}", fontsize=8)
    told = ", ".join(
        f"{title} (score {score:.2f})"
        for title, score in zip(titles, scored.image_scores, strict=True)
    )
    return picture(figure, f"Photographs above their score maps: {told}.")
