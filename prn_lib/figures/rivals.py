"""The figure of PRN beside a rival, product by product."""

import matplotlib.pyplot as plt
import pandas as pd

from prn_lib.figures.base import Picture, picture
from prn_lib.runs.summaries import TITLES


def show_duel(compared: pd.DataFrame, rival: str) -> Picture:
    """A panel for each metric, a row for each product: PRN's dot and the rival's.

    ``compared`` is that of :func:`prn_lib.studies.rivals.compare_pairs`; ``rival`` names it.
    """
    names = product_names(compared)
    rows = list(dict.fromkeys(names))
    place = {name: k for k, name in enumerate(rows)}
    figure, axes = plt.subplots(
        1, len(TITLES), figsize=(7.2, 0.9 + 0.26 * len(rows)), sharey=True, layout="constrained"
    )
    told = []
    for axis, (metric, title) in zip(axes, TITLES.items(), strict=True):
        part = compared[compared["metric"] == metric]
        y = [place[name] for name in names[part.index]]
        axis.hlines(y, part["PRN"], part["rival"], color="0.7", linewidth=2)
        axis.plot(part["PRN"], y, "o", color="C0", label="PRN")
        axis.plot(part["rival"], y, "D", color="C1", markerfacecolor="white", label=rival)
        axis.set_title(title, fontsize=9)
        axis.tick_params(labelsize=8)
        axis.grid(axis="x", alpha=0.3)
        axis.spines[["top", "right"]].set_visible(False)
        known = part.dropna(subset=["PRN"])
        told.append(
            f"{title}: "
            + ", ".join(
                f"{name} {ours:.1f} and {theirs:.1f}"
                for name, ours, theirs in zip(
                    names[known.index], known["PRN"], known["rival"], strict=True
                )
            )
        )
    axes[0].set_yticks(range(len(rows)), rows, fontsize=8)
    axes[0].set_ylim(len(rows) - 0.5, -0.5)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=2, fontsize=9, frameon=False)
    return picture(figure, f"Dots of PRN and of {rival}, in percent. {'. '.join(told)}.")


def product_names(compared: pd.DataFrame) -> pd.Series:
    """What to call each row's product: "bottle, 128 px", "mono, 128 px, 10 outlined"."""
    return pd.Series(
        [
            f"{row.category if row.category != 'all' else row.dataset.replace('_', ' ')}, "
            f"{row.size} px" + (", no masks" if row.outlined == 0 else "")
            for row in compared.itertuples()
        ],
        index=compared.index,
    )
