"""Figures of watched trainings: what looking at the test set on the way would show."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np

from prn_lib.figures.base import Picture, picture
from prn_lib.studies.selection import Watch


def show_watched(watches: Sequence[Watch], metric: str = "image_auroc") -> Picture:
    """One panel a category: the metric against training steps, a line a seed.

    Rings mark the last weights, which are reported; stars mark the best, which must not be.
    """
    categories = sorted({watched.experiment.category for watched in watches})
    figure, axes = plt.subplots(
        1, len(categories), figsize=(2.6 * len(categories), 2.6), sharey=True, squeeze=False
    )
    best_is_last = 0
    for axis, category in zip(axes.flat, categories, strict=True):
        for watched in (w for w in watches if w.experiment.category == category):
            values = 100 * np.array(watched.metrics[metric])
            best = int(values.argmax())
            best_is_last += best == len(values) - 1
            (line,) = axis.plot(watched.steps, values, linewidth=1)
            colour = line.get_color()
            axis.plot(watched.steps[best], values[best], "*", color=colour, markersize=9)
            axis.plot(watched.steps[-1], values[-1], "o", color=colour, fillstyle="none")
        axis.set(title=category, xlabel="step")
        axis.spines[["top", "right"]].set_visible(False)
    axes[0, 0].set_ylabel(f"{metric.replace('_', ' ').replace('auroc', 'AUROC')} in %")
    figure.tight_layout()
    return picture(
        figure,
        f"{metric.replace('_', ' ')} of the test set during training, one panel each for "
        f"{', '.join(categories)}, one line a seed. A star marks each line's maximum, a ring its "
        f"end; in {best_is_last} of {len(watches)} trainings they are at the same place.",
    )
