import pandas as pd

from prn_lib.evaluation.metrics import METRICS
from prn_lib.figures import product_names, show_methods


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
    assert list(dict.fromkeys(product_names(table))) == ["button, 128 px", "poly, 128 px, no masks"]
    told = show_methods(table).alt
    assert (
        "image AUROC: button, 128 px: PRN 90.0, nearest patch 80.2, PaDiM 70.5; "
        "poly, 128 px, no masks: PRN 77.3, nearest patch 70.0."
    ) in told
    assert "pixel AP: button, 128 px: PRN 93.0, nearest patch 83.2, PaDiM 70.5." in told
    assert "nan" not in told
