"""The benchmarks' records as tables, against small records by hand and what was claimed of them."""

import pytest

from prn_lib.common.paths import project_folder
from prn_lib.figures import show_steps
from prn_lib.studies.speed import (
    PARTS,
    measured_on,
    metrics_table,
    network_table,
    planning_table,
    prototypes_table,
    read_benchmark,
    synthesis_table,
    training_table,
)

FOLDER = project_folder() / "results" / "benchmarks"
SHARES = dict(zip(PARTS, (0.1, 0.2, 0.3, 0.1, 0.25, 0.05), strict=True))
MADE = {"hardware": "a machine", "date": "2026-01-02T03:04:05+00:00"}


def test_what_was_not_measured_is_said():
    assert read_benchmark(FOLDER, "training", "no-such-device") is None
    assert measured_on(None) == "not measured yet"
    assert measured_on({"provenance": MADE}) == "a machine, 2026-01-02"


def test_a_training_record_as_a_table_and_a_figure():
    made = {"images_a_second": 12.34, "step_seconds": 0.567, "shares": SHARES}
    record = {"quick": made, "provenance": MADE}
    table = training_table(record)
    assert table.index.tolist() == ["quick"]
    assert table.loc["quick"].tolist() == [12.3, 0.57, 10, 20, 30, 10, 25, 5]
    alt = show_steps(record).alt
    assert "quick, 12.3 images a second" in alt
    assert "decoder 10%" in alt


def test_a_network_record_as_a_table():
    made = {
        "step_seconds": 2.44, "memory_gb": 1.26, "trainable_millions": 20.97,
        "step_gflop": 346.4, "share_of_matrix_rate": 0.771,
    }  # fmt: skip
    table = network_table({"steps": {"cpu": {"plain": made}}})
    assert table.loc["plain"].tolist() == [2.4, 1.3, 21.0, 346, 77]


def test_ratios_are_the_yardsticks_time_over_ours():
    kmeans = {f"ours_{n}_starts": 0.5 * n for n in (1, 10, 100)} | {"scikit_learn_1_starts": 2.0}
    nearest = {"21": {"seconds": {"broadcast": 3.0, "ours": 0.5}}}
    table = prototypes_table({"kmeans": {"seconds": kmeans}, "nearest": nearest})
    assert table["ratio"].dropna().to_dict() == {
        "k-means, 1 start": 4.0,
        "nearest of 21 prototypes": 6.0,
    }
    rates = {"anomalies_a_second": {"yardstick": 100.0, "cpu": 390.0}}
    table = synthesis_table({"threads_2": rates, "threads_1": rates})
    assert table.loc["anomalies, 2 cores"].tolist() == [100, 390, 3.9]
    assert table.index.tolist() == ["anomalies, 2 cores", "anomalies, 1 core"]


def test_the_records_bear_out_what_the_page_says():
    """Exactness, memory and growth; none of them is a time."""
    network = read_benchmark(FOLDER, "model")
    assert network["kmeans"]["same_labels"]
    assert all(made["picks_of_double_precision"] for made in network["nearest"].values())
    metrics = read_benchmark(FOLDER, "metrics")
    for made in metrics["compared"].values():
        for name, allowed in (("pixel_auroc", 1e-9), ("pixel_ap", 1e-9), ("pro", 1e-6)):
            assert made["differs_by"][name] < allowed
    largest = metrics["growth"]["1000"]
    assert (largest["given_mb"] + largest["extra_mb"]) / 1000 < 2
    assert metrics_table(metrics).index.tolist() == ["83 images", "1000 images"]


def test_the_plan_is_counted_by_hand():
    """15 categories x 17 variants and 14 more categories; all 29 with all; three seeds."""
    plan = read_benchmark(FOLDER, "plan")
    table = planning_table(plan)
    assert table.iloc[0]["runs"] == 3 * (15 * 17 + 14)
    assert table.iloc[1]["runs"] == 3 * 29 * 17
    assert table.iloc[0]["hours of a GPU (assumed)"] == pytest.approx(
        plan["paper's tables"]["gpu_hours"], abs=0.5
    )
