import pandas as pd

from prn_lib.evaluation.metrics import METRICS
from prn_lib.figures import product_names, show_duel


def test_the_alt_text_has_the_numbers_and_no_invented_ones():
    columns = ["dataset", "category", "outlined", "size", "metric", "PRN", "rival"]
    rows = [("mini", "button", 10, 128, m, 90 + k, 80.25 + k) for k, m in enumerate(METRICS)]
    rows += [
        ("elpv", "poly", 0, 128, m, *((77.3, 70.0) if k == 0 else (float("nan"),) * 2))
        for k, m in enumerate(METRICS)
    ]
    table = pd.DataFrame(rows, columns=columns)
    assert list(dict.fromkeys(product_names(table))) == ["button, 128 px", "poly, 128 px, no masks"]
    told = show_duel(table, "nearest patch").alt
    assert (
        "image AUROC: button, 128 px 90.0 and 80.2, poly, 128 px, no masks 77.3 and 70.0." in told
    )
    assert "pixel AP: button, 128 px 93.0 and 83.2." in told
    assert "nan" not in told
