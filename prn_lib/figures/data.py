"""Figures of data: what the images show, how small defects are, what goes to train and to test."""

from collections import Counter
from collections.abc import Mapping, Sequence

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np

from prn_lib.datasets import Category, Sample
from prn_lib.figures.base import (
    Picture,
    draw_image,
    draw_outline,
    image_grid,
    normal_first,
    picture,
)


def show_category(category: Category, size: int, normals: int = 4) -> Picture:
    """Some normals, then one test anomaly of each type, outlined where it has a mask."""
    anomalies = [sample for sample in one_of_each_type(category) if sample.is_anomaly]
    samples = [*category.train_normals[:normals], *anomalies]
    images, masks = category.load(samples, size)
    columns = max(4, min(6, len(samples)))
    figure, axes = image_grid(-(-len(samples) // columns), columns)
    for axis, sample, image, mask in zip(axes.flat, samples, images, masks, strict=False):
        draw_image(axis, image, sample.defect)
        draw_outline(axis, mask)
    kinds = ", ".join(sample.defect for sample in anomalies)
    outlined = " with the defect outlined" if category.is_outlined else ""
    return picture(
        figure,
        f"{min(normals, len(category.train_normals))} normal images of {category.name}, then one "
        f"anomalous image of each type ({kinds}){outlined}.",
    )


def show_defect_areas(areas: Mapping[str, Sequence[float]]) -> Picture:
    """Histograms of defect areas (shares of the image, in (0, 1]), one row a dataset.

    The line stands at the top 100 pixels of 256 x 256 that the image score averages (Sec. 4.1).
    """
    figure, axes = plt.subplots(
        len(areas), 1, figsize=(7, 1.1 + 0.9 * len(areas)), sharex=True, squeeze=False
    )
    bins = np.geomspace(1e-4, 1, 41)
    told = []
    for axis, (name, shares) in zip(axes.flat, areas.items(), strict=True):
        axis.hist(shares, bins=bins, color="C3")
        axis.axvline(100 / 256**2, color="0.3", linewidth=1, linestyle="--")
        axis.set(xscale="log", yticks=[])
        axis.set_title(f"{name}: {len(shares)} anomalies", fontsize=8, loc="left")
        axis.spines[["top", "right", "left"]].set_visible(False)
        told.append(f"{name}, {len(shares)} anomalies, median {100 * np.median(shares):.2f}%")
    axes[-1, 0].set_xticks([1e-4, 1e-3, 1e-2, 1e-1, 1], ["0.01%", "0.1%", "1%", "10%", "100%"])
    axes[-1, 0].set_xlabel("share of the image that is defective (dashed: 100 pixels of 256 x 256)")
    figure.tight_layout()
    return picture(
        figure,
        "Histograms of the share of the image that a defect covers, on a logarithmic axis from "
        f"0.01% to 100%: {'; '.join(told)}.",
    )


def show_split(category: Category) -> Picture:
    """Two bars, train and test, each with its normal images and its anomalies by type."""
    parts = {"train": category.train_normals + category.train_anomalies, "test": category.test}
    counts = {name: Counter(sample.defect for sample in samples) for name, samples in parts.items()}
    types = normal_first(counts["train"] | counts["test"])
    colours = ["0.8", *mpl.color_sequences["tab10"]]
    figure, axis = plt.subplots(figsize=(7, 1.9))
    for row, name in enumerate(parts):
        left = 0
        for k, defect in enumerate(types):
            count = counts[name][defect]
            label = defect if row == 0 else None
            axis.barh(row, count, left=left, color=colours[k % len(colours)], label=label)
            if count:
                axis.text(left + count / 2, row, str(count), ha="center", va="center", fontsize=8)
            left += count
    axis.set(yticks=range(len(parts)), yticklabels=parts, xlabel="images")
    axis.invert_yaxis()
    axis.spines[["top", "right"]].set_visible(False)
    axis.legend(frameon=False, fontsize=8, ncols=6, loc="upper left", bbox_to_anchor=(0, 1.35))
    told = (
        f"{name}: " + ", ".join(f"{counts[name][d]} {d}" for d in types if counts[name][d])
        for name in parts
    )
    return picture(figure, f"How {category.name} is split. {'; '.join(told)}.")


def one_of_each_type(category: Category) -> list[Sample]:
    """A test sample of every type, the normal one first, to be shown without choosing."""
    first = {sample.defect: sample for sample in reversed(category.test)}
    return [first[defect] for defect in normal_first(first)]
