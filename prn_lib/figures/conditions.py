"""The figure of light and camera that change after training."""

import matplotlib.pyplot as plt
import pandas as pd

from prn_lib.figures.base import Picture, picture
from prn_lib.studies.conditions import CHANGES

# Finds are drawn first and larger, so that both are seen where they coincide.
LINES = (
    ("found", "found, of {anomalies} defective", "C3s--", 6.5),
    ("false alarms", "false alarms, of {normals} good", "C0o-", 4),
)
UNITS = {"brightness": 1, "blur": 100, "shift": 100}
X_LABELS = {
    "brightness": "pixel values times",
    "blur": "sigma, % of the side",
    "shift": "right and down, % of the side",
}


def show_conditions(table: pd.DataFrame) -> Picture:
    """A panel for each change: false alarms and finds in percent against its level.

    ``table`` is that of :func:`prn_lib.studies.conditions.conditions_table`. A dotted line marks
    the level at which nothing is changed.
    """
    figure, axes = plt.subplots(
        1, len(CHANGES), figsize=(6.8, 2.7), sharey=True, layout="constrained"
    )
    counts, told = table.iloc[0], []
    for axis, (name, change) in zip(axes, CHANGES.items(), strict=True):
        rows, unit = table[table["change"] == name], UNITS[name]
        for column, label, style, size in LINES:
            label = label.format(**counts)
            axis.plot(unit * rows["level"], 100 * rows[column], style, label=label, markersize=size)
        axis.axvline(unit * change.unchanged, color="0.4", linestyle=":", label="unchanged")
        axis.set_title(name, fontsize=10)
        axis.set_xlabel(X_LABELS[name], fontsize=9)
        axis.set_xticks(unit * rows["level"])
        axis.set_ylim(-4, 105)
        axis.tick_params(labelsize=8)
        axis.grid(alpha=0.3)
        axis.spines[["top", "right"]].set_visible(False)
        told.append(_in_words(name, rows))
    axes[0].set_ylabel("% above the threshold", fontsize=9)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=3, fontsize=9, frameon=False)
    return picture(
        figure,
        "Three panels, one a change, against its level: false alarms among "
        f"{counts['normals']} good pieces, and finds among {counts['anomalies']} defective ones. "
        f"{'. '.join(told)}.",
    )


def _in_words(name: str, rows: pd.DataFrame) -> str:
    """The numbers of a panel."""
    levels = [
        f"{UNITS[name] * level:g}{' (unchanged)' * (level == CHANGES[name].unchanged)}: "
        f"{alarms:.0%} and {found:.0%}"
        for level, alarms, found in zip(
            rows["level"], rows["false alarms"], rows["found"], strict=True
        )
    ]
    return f"{name.capitalize()}, {X_LABELS[name]}, {'; '.join(levels)}"
