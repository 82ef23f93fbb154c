"""Figures of image scores for defects of every size."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from prn_lib.figures.base import Picture, image_grid, picture

STYLES = ("o-", "s--", "^-", "v--", "D:", "P:", "X-.")  # told apart without colours too


def show_scored_maps(
    score_maps: torch.Tensor, titles: Sequence[str], scores: Sequence[float], name: str
) -> Picture:
    """Score maps ``(N, S, S)`` in [0, 1] in a row, each with its image score of that ``name``."""
    figure, axes = image_grid(1, len(titles))
    for axis, score_map, title, score in zip(axes[0], score_maps, titles, scores, strict=True):
        axis.imshow(score_map.numpy(), cmap="inferno", vmin=0, vmax=1)
        axis.set_title(f"{title}: {score:.2f}", fontsize=8)
    told = ", ".join(f"{t} {score:.2f}" for t, score in zip(titles, scores, strict=True))
    return picture(
        figure,
        "Score maps, black but for one bright spot that grows from left to right. Their image "
        f"score ({name}): {told}.",
    )


def show_auroc_by_area(tables: Mapping[str, pd.DataFrame]) -> Picture:
    """A panel for each table: image AUROC in percent, a row a score, a column an area in pixels."""
    figure, axes = plt.subplots(
        1, len(tables), figsize=(1 + 3.2 * len(tables), 3), sharey=True, squeeze=False
    )
    for axis, (title, table) in zip(axes[0], tables.items(), strict=True):
        for (name, row), style in zip(table.iterrows(), STYLES, strict=False):
            axis.plot(table.columns, row, style, label=name, linewidth=1, markersize=4)
        axis.axhline(50, color="0.7", linewidth=0.8)
        axis.set(title=title, xlabel="area of the defect in pixels", xscale="log")
        axis.spines[["top", "right"]].set_visible(False)
    axes[0, 0].set_ylabel("image AUROC in %")
    axes[0, -1].legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
    figure.tight_layout()
    told = "; ".join(
        f"{title}: at {area} pixels the best is {table[area].idxmax()} with "
        f"{table[area].max():.0f}, the worst {table[area].idxmin()} with {table[area].min():.0f}"
        for title, table in tables.items()
        for area in [table.columns[len(table.columns) // 2]]
    )
    return picture(
        figure,
        "Image AUROC against the defect's area, one panel for each kind of noise, one line for "
        f"each image score; nearly all rise with the area. {told}.",
    )


def draw_scores(
    score_maps: torch.Tensor, scores: Mapping[str, np.ndarray], aurocs: Mapping[str, float]
) -> Figure:
    """A normal and an anomalous map, and each image score of all maps as ticks.

    ``score_maps`` ``(2 N, 1, S, S)`` in [0, 1], the first half normal; ``scores`` ``(2 N,)`` and
    ``aurocs`` (fractions) by name.
    """
    half = len(score_maps) // 2
    figure = Figure(figsize=(7.2, 3.6), dpi=100, layout="constrained")
    axes = figure.subplot_mosaic([["normal", "ticks"], ["defect", "ticks"]], width_ratios=[1, 3])
    for name, i in (("normal", 0), ("defect", half)):
        axes[name].imshow(score_maps[i, 0].numpy(), cmap="inferno", vmin=0, vmax=1)
        axes[name].set(xticks=[], yticks=[])
        axes[name].set_title(name, fontsize=8)
    for row, (name, values) in enumerate(scores.items()):
        _ticks(axes["ticks"], row, values / values.max(), half)
        axes["ticks"].text(1.03, row, f"{100 * aurocs[name]:.0f}", va="center", fontsize=9)
    axes["ticks"].set(
        yticks=range(len(scores)), yticklabels=list(scores), xlim=(0, 1.12), xticks=[]
    )
    axes["ticks"].set_xlabel("image score over the largest; right: image AUROC in %", fontsize=8)
    axes["ticks"].invert_yaxis()
    axes["ticks"].spines[["top", "right"]].set_visible(False)
    return figure


def _ticks(axis: Axes, row: int, values: np.ndarray, half: int) -> None:
    """Normal images above the line in blue, anomalous ones below it in red."""
    axis.plot(values[:half], np.full(half, row - 0.15), "|", color="C0", markersize=8)
    axis.plot(values[half:], np.full(len(values) - half, row + 0.15), "|", color="C3", markersize=8)
