"""The figure of light and camera that change."""

import matplotlib.pyplot as plt
import pandas as pd

from prn_lib import figures
from prn_lib.studies.conditions import CHANGES


def made_table():
    rows = [
        {"change": name, "level": float(level), "normals": 8, "anomalies": 14,
         "false alarms": 0.125 * i, "found": 1 - 0.1 * i}
        for name, change in CHANGES.items()
        for i, level in enumerate(change.levels)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def test_the_figure_tells_its_numbers():
    shown = figures.show_conditions(made_table())
    assert "false alarms among 8 good pieces, and finds among 14 defective ones" in shown.alt
    assert "Brightness, pixel values times, 0.6: 0% and 100%; 0.8: 12% and 90%; " in shown.alt
    assert "; 1 (unchanged): 38% and 70%; " in shown.alt
    assert "Blur, sigma, % of the side, 0 (unchanged): 0% and 100%; 0.5: 12% and 90%" in shown.alt
    assert "; 4.5: 38% and 70%; 6: 50% and 60%." in shown.alt.split("Shift, right and down")[1]
    assert shown.alt.count("(unchanged)") == len(CHANGES)
    assert plt.get_fignums() == []
