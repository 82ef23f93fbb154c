"""The figures of speed: where a training step's time goes, and what a longer training buys."""

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.ticker import FuncFormatter, NullFormatter

from prn_lib.evaluation.metrics import METRICS
from prn_lib.figures.base import Picture, picture
from prn_lib.paper.printed import paper_metrics
from prn_lib.runs.summaries import TITLES
from prn_lib.studies.speed import PARTS, Record, training_table


def show_steps(record: Record) -> Picture:
    """A bar for each setting of :func:`prn_lib.studies.speed.training_table`, cut into parts."""
    table = training_table(record)
    figure, axis = plt.subplots(figsize=(6.4, 0.55 * len(table) + 1.1), layout="constrained")
    left = 0 * table["synthesis"]
    for part in PARTS:
        axis.barh(table.index, table[part], left=left, label=part, height=0.62)
        left = left + table[part]
    axis.set(xlabel="% of a training step", xlim=(0, 100))
    axis.invert_yaxis()
    axis.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside upper center", ncols=3, fontsize=8, frameon=False)
    told = "; ".join(
        f"{name}, {row['images a second']:.1f} images a second: "
        + ", ".join(f"{part} {row[part]:.0f}%" for part in PARTS)
        for name, row in table.iterrows()
    )
    return picture(figure, f"Bars of where a training step's time goes. {told}.")


def show_budgets(table: pd.DataFrame) -> Picture:
    """A panel a metric, a line a product: percent against minutes of training.

    ``table`` is that of :func:`prn_lib.studies.budgets.budgets_table`; the mean over seeds is
    drawn. A dotted line is what the paper prints for that product.
    """
    figure, axes = plt.subplots(2, 2, figsize=(7.2, 5.0), sharex=True, layout="constrained")
    told = []
    for number, ((dataset, category), runs) in enumerate(table.groupby(["dataset", "category"])):
        means = runs.groupby("steps")[["minutes", *METRICS]].mean()
        printed = paper_metrics(dataset, category)
        for axis, metric in zip(axes.flat, METRICS, strict=True):
            axis.plot(means["minutes"], means[metric], "o-", color=f"C{number}", label=category)
            if printed:
                axis.axhline(100 * printed[metric], color=f"C{number}", linestyle=":", linewidth=1)
        told += [
            f"{category}, {row.minutes:.1f} minutes: "
            + ", ".join(f"{TITLES[name]} {getattr(row, name):.1f}" for name in METRICS)
            for row in means.itertuples()
        ]
    for axis, metric in zip(axes.flat, METRICS, strict=True):
        axis.set_xscale("log")
        axis.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
        axis.xaxis.set_minor_formatter(NullFormatter())
        axis.set_title(f"{TITLES[metric]} in %", fontsize=10)
        axis.grid(alpha=0.3)
        axis.spines[["top", "right"]].set_visible(False)
    figure.supxlabel("minutes of training", fontsize=9)
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=4, fontsize=9, frameon=False)
    return picture(figure, f"Four metrics against minutes of training. {'; '.join(told)}.")
