"""Which variants the paper's tables need."""

import matplotlib.pyplot as plt

from prn_lib.figures.base import Picture, picture
from prn_lib.paper.variants import TARGETS, VARIANTS


def show_targets() -> Picture:
    """A dot for each variant that a table of the paper needs: most runs serve several tables."""
    tables = [target for name, target in TARGETS.items() if name.startswith("table")]
    needed = {name for target in tables for name in target.variants}
    names = [name for name in VARIANTS if name in needed]
    figure, axis = plt.subplots(figsize=(7, 4.2))
    for column, target in enumerate(tables):
        for name in target.variants:
            axis.plot(column, names.index(name), "o", color="C0", markersize=9)
    axis.set(
        xticks=range(len(tables)),
        xticklabels=[
            "\n".join([target.name.removeprefix("table"), *target.datasets]) for target in tables
        ],
        yticks=range(len(names)),
        yticklabels=[VARIANTS[name].title for name in names],
        xlabel="table of the paper, and its datasets",
    )
    axis.tick_params(labelsize=7)
    axis.invert_yaxis()
    axis.grid(color="0.93")
    axis.set_axisbelow(True)
    axis.spines[["top", "right"]].set_visible(False)
    return picture(
        figure,
        f"{len(names)} variants as rows and {len(tables)} tables as columns, a dot where a table "
        "needs a variant. PRN itself is needed by every table; every other variant by one.",
    )
