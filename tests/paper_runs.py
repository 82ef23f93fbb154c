"""Rows of runs that were never made, for tests of tables and figures."""

import pandas as pd

from prn_lib.evaluation.metrics import METRICS


def frame(*rows):
    """Runs from (dataset, category, preset, variant, seed, value) with all metrics at the value."""
    made = {
        "hardware": "a machine",
        "date": "2026-01-02T03:04:05",
        "commit": "0123456789",
        "given": "",
    }
    names = ("dataset", "category", "preset", "variant", "seed", "value")
    rows = [dict(zip(names, row, strict=True)) for row in rows]
    return pd.DataFrame(
        [
            {**row, **dict.fromkeys(METRICS, row["value"]), **made, "folder": f"f{k}"}
            for k, row in enumerate(rows)
        ]
    )


def mini(variant, values):
    """Runs of a variant on the mini dataset from ``{(category, seed): value}``."""
    return [("mini", c, "quick", variant, seed, value) for (c, seed), value in values.items()]


def cell(table, row, metric="image_auroc", variant="prn"):
    of = table[(table["row"] == row) & (table["metric"] == metric) & (table["variant"] == variant)]
    assert len(of) == 1, (row, metric, variant)
    return of.iloc[0]
