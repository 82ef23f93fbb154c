"""Figures of k-means and of what the number of prototypes changes."""

import textwrap
from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import pandas as pd
import torch

from prn_lib.figures.base import CELL, Picture, picture
from prn_lib.model.kmeans import gram_matrix, inertia, lloyd


def show_lloyd(points: torch.Tensor, first: torch.Tensor, steps: int) -> Picture:
    """k-means on ``points`` ``(N, 2)`` from the points ``first`` ``(K,)``, after 0, 1, ... steps.

    Every panel calls :func:`prn_lib.model.kmeans.lloyd` anew, with one step more.
    """
    gram = gram_matrix(points)
    figure, axes = plt.subplots(
        1, steps + 1, figsize=(1.25 * CELL * (steps + 1), 1.5 * CELL), layout="constrained"
    )
    told = []
    for step, axis in enumerate(axes):
        labels = lloyd(gram, first, step) if step else None
        colours = "0.6" if labels is None else [f"C{k}" for k in labels.tolist()]
        axis.scatter(*points.T.numpy(), s=8, c=colours)
        for k, start in enumerate(first):
            centre = points[start] if labels is None else points[labels == k].mean(0)
            axis.plot(*centre.tolist(), "X", color=f"C{k}", markersize=10, markeredgecolor="k")
        told.append("start" if labels is None else f"step {step}: {inertia(gram, labels):.1f}")
        axis.set_title(told[-1], fontsize=8)
        axis.set(xticks=[], yticks=[], aspect="equal")
    return picture(
        figure,
        f"k-means in {steps} steps: {len(points)} points, coloured by the nearest of {len(first)} "
        "centres; the centres, crosses, move to the middle of their colour, and the sum of squared "
        f"distances falls ({'; '.join(told[1:])}).",
    )


def show_inertias(inertias: Sequence[float], one: float) -> Picture:
    """The inertias of many random starts, and that of ``one``."""
    figure, axis = plt.subplots(figsize=(7, 2.2))
    axis.hist(inertias, bins=25, color="0.7")
    axis.axvline(one, color="C3", label="the run's own start")
    axis.set(xlabel="inertia: sum of squared distances to the own centre", ylabel="starts")
    axis.spines[["top", "right"]].set_visible(False)
    axis.legend(frameon=False)
    return picture(
        figure,
        f"Histogram of the inertia after {len(inertias)} random starts, from {min(inertias):.0f} "
        f"to {max(inertias):.0f}; a line marks the run's own start at {one:.0f}.",
    )


def show_by_count(tables: Mapping[str, pd.DataFrame], label: str) -> Picture:
    """A panel for each table: its columns against its index, the number of prototypes K."""
    figure, axes = plt.subplots(
        1, len(tables), figsize=(7.4, 2.6), squeeze=False, layout="constrained"
    )
    told = []
    for axis, (name, table) in zip(axes[0], tables.items(), strict=True):
        for i, column in enumerate(table):
            axis.plot(table.index, table[column], "o-", color=f"C{i}", label=column, markersize=4)
            first, last = table[column].iloc[0], table[column].iloc[-1]
            told.append(f"{name}, {column}: {first:.3f} to {last:.3f}")
        axis.set(xscale="log", xlabel="K", title=name, ylim=(0, None))
        axis.set_xticks(table.index, [str(k) for k in table.index])
        axis.minorticks_off()
        axis.spines[["top", "right"]].set_visible(False)
    axes[0, 0].set_ylabel(label)
    axes[0, -1].legend(frameon=False, fontsize=8)
    return picture(
        figure,
        f"The {label} against the number of prototypes K, from K = {table.index[0]} to K = "
        f"{table.index[-1]}. {'; '.join(told)}.",
    )


def show_residual_sizes(sizes: pd.DataFrame, scale: int) -> Picture:
    """A panel for each ``setting``: a box for the residuals of each kind of ``images``.

    ``sizes`` is that of :func:`prn_lib.studies.residual_sizes.residual_sizes` with a column
    ``setting``; ``scale`` (1 to 3) is shown.
    """
    here = sizes[sizes["scale"] == scale]
    settings, kinds = (list(dict.fromkeys(here[name])) for name in ("setting", "images"))
    figure, axes = plt.subplots(
        1, len(settings), figsize=(7.2, 2.6), sharey=True, squeeze=False, layout="constrained"
    )
    told = []
    for axis, setting in zip(axes[0], settings, strict=True):
        groups = [
            here[(here["setting"] == setting) & (here["images"] == kind)]["size"].tolist()
            for kind in kinds
        ]
        boxes = axis.boxplot(groups, widths=0.6, sym="", patch_artist=True)
        for k, box in enumerate(boxes["boxes"]):
            box.set(facecolor=f"C{k}", alpha=0.5)
        axis.set_xticks(range(1, len(kinds) + 1), [kind.replace(" ", "\n") for kind in kinds])
        axis.tick_params(labelsize=8)
        axis.set_title(textwrap.fill(setting, 22), fontsize=9)
        axis.spines[["top", "right"]].set_visible(False)
        medians = [
            f"{kind} {pd.Series(g).median():.1f}" for kind, g in zip(kinds, groups, strict=True)
        ]
        told.append(f"{setting}: {', '.join(medians)}")
    axes[0, 0].set_ylabel("|D| in % of |F|", fontsize=8)
    axes[0, 0].set_ylim(bottom=0)
    return picture(figure, f"Sizes of residuals at scale {scale}, medians. {'; '.join(told)}.")
