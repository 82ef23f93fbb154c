import numpy as np
import pandas as pd
import torch

from prn_lib.evaluation.metrics import METRICS
from prn_lib.figures import show_amounts, show_decisions, show_methods, show_quality_and_cost


def test_the_alt_text_has_the_numbers_and_no_invented_ones():
    columns = ["dataset", "category", "outlined", "size", "metric", "PRN", "rival"]
    rows = [("mini", "button", 10, 128, m, 90 + k, 80.25 + k) for k, m in enumerate(METRICS)]
    rows += [
        ("elpv", "poly", 0, 128, m, *((77.3, 70.0) if k == 0 else (float("nan"),) * 2))
        for k, m in enumerate(METRICS)
    ]
    table = pd.DataFrame(rows, columns=columns).assign(method="nearest_patch")
    other = table[table["category"] == "button"].assign(rival=70.5, method="padim")
    table = pd.concat([table, other], ignore_index=True)
    told = show_methods(table).alt
    assert (
        "image AUROC: button, 128 px: PRN 90.0, nearest patch 80.2, PaDiM 70.5; "
        "poly, 128 px, no masks: PRN 77.3, nearest patch 70.0."
    ) in told
    assert "pixel AP: button, 128 px: PRN 93.0, nearest patch 83.2, PaDiM 70.5." in told
    assert "nan" not in told


def test_curves_have_their_numbers_in_the_alt_text_and_say_where_there_are_none():
    told = [("prn", 0, 10.04), ("prn", 5, 20), ("nearest_patch", 0, 30)]
    rows = [("mini", "grain", 128, m, n, "pixel_ap", v, v - 1, v + 1, 3) for m, n, v in told]
    rows += [("elpv", "mono", 128, "prn", n, "pixel_ap", *[float("nan")] * 3, 3) for n in (0, 10)]
    names = ["dataset", "category", "size", "method", "count", "metric", "mean", "low", "high"]
    curve = pd.DataFrame(rows, columns=[*names, "seeds"])
    told = show_amounts(curve, ["pixel_ap"], "outlined defects").alt
    assert "grain, pixel AP, PRN: 10.0 of 0, 20.0 of 5" in told
    assert "grain, pixel AP, nearest patch: 30.0 of 0" in told
    assert "nan" not in told


def test_a_picture_of_decisions_tells_both_shares():
    case = {
        "category": "weave", "defect": "hole", "PRN": 4.0, "rival": 60.0,
        "image": torch.zeros(3, 8, 8, dtype=torch.uint8),
        "mask": torch.eye(8, dtype=torch.uint8)[None], "maps": (np.eye(8), np.zeros((8, 8))),
    }  # fmt: skip
    made = show_decisions(pd.DataFrame([case, {**case, "defect": "stain"}]), "PatchCore", 2)
    assert "weave, hole: PRN 4%, PatchCore 60%; weave, stain: PRN 4%" in made.alt


def test_quality_and_cost_are_means_over_what_every_method_was_run_on():
    columns = ["dataset", "category", "outlined", "size", "metric", "method", "PRN", "rival"]
    rows = [
        ("mini", "grain", 10, 128, "pixel_ap", "padim", 60, 20, 2.0, 0.5),
        ("mini", "weave", 10, 128, "pixel_ap", "padim", 80, 30, 4.0, 1.5),
        ("mini", "grain", 10, 128, "pixel_ap", "stfpm", 60, 40, 2.0, 8.0),
        ("mini", "weave", 10, 128, "pixel_ap", "stfpm", 80, 50, 4.0, 8.0),
        ("mini", "button", 10, 128, "pixel_ap", "padim", 0, 0, 99.0, 99.0),
    ]
    table = pd.DataFrame(rows, columns=[*columns, "PRN min", "rival min"])
    told = show_quality_and_cost(table, ["pixel_ap"]).alt
    assert "means over grain, 128 px, weave, 128 px." in told
    assert "pixel AP of PRN 70.0 in 3.0 min; pixel AP of PaDiM 25.0 in 1.0 min" in told
    assert "pixel AP of STFPM 45.0 in 8.0 min" in told
