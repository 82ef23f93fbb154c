"""The benchmarks' records as tables, against small records by hand and what was claimed of them."""

import json

import pytest

from prn_lib.common.paths import project_folder
from prn_lib.figures import show_steps
from prn_lib.studies.speed import (
    PARTS,
    gpu_against_processor,
    gpu_records,
    gpu_step_table,
    gpu_table,
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
    nearest = {"21": {"seconds": {"broadcast": 3.0, "cdist": 1.0, "ours": 0.5}}}
    table = prototypes_table({"kmeans": {"seconds": kmeans}, "nearest": nearest})
    assert table["ratio"].dropna().to_dict() == {
        "k-means, 1 start": 4.0,
        "nearest of 21 prototypes, by all differences": 6.0,
        "nearest of 21 prototypes, by torch.cdist": 2.0,
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


def test_a_gpus_record_as_tables(tmp_path):
    rate = {
        "seconds_a_step": 0.06, "steps_of_700_epochs": 4573, "images_a_second": 1066.7,
        "share_of_matrix_products": 0.2512, "bound_seconds": 78.0, "peak_memory_gb": 11.62,
    }  # fmt: skip
    step = {
        "float32": {"seconds_a_step": 0.12},
        "launched one by one": {"seconds_a_step": 0.09},
        "not deterministic": {"seconds_a_step": 0.05},
    }
    record = {
        "rate": rate, "step": step, "provenance": MADE,
        "smoke": {"losses": {"cpu float32": [0.5, 0.25], "cuda float32": [0.5, 0.24999]}},
        "inference": {"float32, batch 32": 0.00312, "peak_memory_gb": 1.0},
    }  # fmt: skip
    (tmp_path / "gpu-a.json").write_text(json.dumps(record))
    (tmp_path / "training-cpu.json").write_text("{}")
    assert gpu_records(tmp_path) == {"a machine": record}
    table = gpu_table(record)["a machine, 2026-01-02"]
    assert table["minutes for 700 epochs of 209"] == 4.6  # 4573 x 0.06 s
    assert table["minutes at the rate of matrix products"] == 1.3
    assert table["% of its rate of matrix products"] == 25.1
    assert table["milliseconds an image, float32, batch 32"] == 3.1
    before = {"rate": {"seconds_a_step": 0.4},
              "step": {**step, "compiled": {"seconds_a_step": 0.3}}}  # fmt: skip
    assert gpu_step_table(record, before)["milliseconds a step"].tolist() == [
        60, 120, 90, 50, 400, 50, 300,
    ]  # fmt: skip
    assert gpu_against_processor(record).loc[2].tolist() == [0.25, 0.25]


def test_the_gpus_records_bear_out_what_the_page_says():
    """Repeatable to the last bit, no waiting, the first loss that of a processor."""
    for record in gpu_records(FOLDER).values():
        assert not any("failed" in made for made in record.values())
        assert record["step"]["same losses when recorded"]
        assert record["step"]["synchronizations"] == "none"
        first = gpu_against_processor(record).loc[1]
        assert first.max() - first.min() <= 1e-4
        assert record["rate"]["tflop_a_step"] == pytest.approx(16 * 346 / 1000, rel=0.01)
