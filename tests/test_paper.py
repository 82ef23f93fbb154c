import numpy as np
import pytest

from prn_lib.metrics import METRICS
from prn_lib.paper import PRINTED, paper_metrics

# The averages that the paper prints (Tables 1, 2, 8, 9 and 10), in percent.
AVERAGES = {
    "mvtec": (99.4, 99.0, 96.1, 78.6),
    "dagm": (98.2, 96.6, 93.8, 49.4),
    "btad": (94.7, 97.1, 78.0, 54.0),
    "ksdd2": (96.4, 97.6, 94.9, 72.5),
}


@pytest.mark.parametrize("dataset", AVERAGES)
def test_averages_follow_from_the_rows(dataset):
    for name, printed in zip(METRICS, AVERAGES[dataset], strict=True):
        mean = 100 * np.mean([row[name] for row in PRINTED[dataset].values()])
        assert mean == pytest.approx(printed, abs=0.0501), name


def test_counts_and_absent_categories():
    assert {name: len(rows) for name, rows in PRINTED.items()} == {
        "mvtec": 15,
        "dagm": 10,
        "btad": 3,
        "ksdd2": 1,
    }
    assert paper_metrics("mini", "weave") is None
    assert paper_metrics("mvtec", "screw")["pixel_ap"] == pytest.approx(0.449)
