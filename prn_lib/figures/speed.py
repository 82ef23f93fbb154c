"""The figure of speed: where a training step's time goes."""

import matplotlib.pyplot as plt

from prn_lib.figures.base import Picture, picture
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
