"""The committed records, and the numbers that the README quotes from them."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from prn_lib.datasets import DATASETS, overview
from prn_lib.metrics import METRICS
from prn_lib.results import find_results

PROJECT = Path(__file__).parents[1]
RECORDS = find_results(PROJECT / "results")
README = (PROJECT / "README.md").read_text()


def test_there_are_records():
    assert {r.experiment.dataset for r in RECORDS} >= {"mini", "magnetic_tile"}


@pytest.mark.parametrize("result", RECORDS, ids=lambda r: f"{r.folder.parent.name}/{r.folder.name}")
def test_records_are_consistent(result):
    """Each lies where its own options say, and its image AUROC follows from its scores."""
    e = result.experiment
    assert result.folder.parts[-3:] == (e.dataset, e.category, e.run_name)
    labels = np.array([entry["defect"] != "good" for entry in result.scores])
    scores = np.array([entry["score"] for entry in result.scores])
    assert result.metrics["image_auroc"] == pytest.approx(roc_auc_score(labels, scores))
    assert [entry["name"] for entry in result.scores] == result.split["test"]
    assert not set(result.split["train_anomalies"]) & set(result.split["test"])
    assert len(result.split["train_anomalies"]) == e.n_anomalies
    assert {"date", "commit", "hardware", "versions"} <= set(result.provenance)


def test_readme_quotes_the_records():
    quoted = [r for r in RECORDS if r.experiment.run_name == "quick-seed0"]
    assert len(quoted) == 4
    for result in quoted:
        numbers = [f"{100 * result.metrics[name]:.1f}" for name in METRICS]
        row = (
            r"\|\s*"
            + result.experiment.category
            + r"\s*\|[^\n]*"
            + r"\s*\|\s*".join(re.escape(number) for number in numbers)
        )
        assert re.search(row, README), (result.experiment.category, numbers)


def test_readme_quotes_every_seed():
    for category in ("button", "grain", "weave"):
        runs = [r for r in RECORDS if r.experiment.category == category]
        names = [f"quick-seed{seed}" for seed in range(3)]
        three = [next(r for r in runs if r.experiment.run_name == name) for name in names]
        for metric in ("image_auroc", "pixel_auroc", "pixel_ap"):
            told = " / ".join(f"{100 * result.metrics[metric]:.1f}" for result in three)
            assert re.search(rf"\| {category} \|[^\n]*{re.escape(told)}", README), told


def test_readme_quotes_the_benchmark_of_synthesis():
    record = json.loads((PROJECT / "results" / "benchmarks" / "synthesis-cpu.json").read_text())
    for threads in ("threads_2", "threads_1"):
        for rates in record[threads].values():
            ratio = rates["cpu"] / rates["yardstick"]
            assert f"| {rates['yardstick']:.0f} | {rates['cpu']:.0f} | {ratio:.1f} |" in README


def test_the_data_page_shows_the_datasets_as_the_code_knows_them():
    page = (PROJECT / "data" / "README.md").read_text()
    assert overview().to_markdown(index=False) in page
    for key in DATASETS:
        assert f"| `{key}` |" in page


@pytest.mark.parametrize("category", ["button", "grain", "weave"])
def test_training_and_the_papers_modules_pay_off_on_record(category):
    """Pixel AP of the full network against the untrained one and the U-Net alone, as recorded."""
    runs = [r for r in RECORDS if r.experiment.category == category and r.experiment.seed == 0]
    full = next(r for r in runs if r.experiment.run_name == "quick-seed0")
    untrained = next(r for r in runs if r.experiment.max_steps == 0)
    unet = next(r for r in runs if not r.experiment.use_prototypes)
    for other in (untrained, unet):
        assert full.split == other.split
        ours, theirs = full.metrics["pixel_ap"], other.metrics["pixel_ap"]
        numbers = f"{100 * ours:.1f}", f"{100 * theirs:.1f}"
        row = rf"\|\s*{category}\s*\|[^\n]*{re.escape(numbers[1])}[^\n]*"
        assert re.search(row, README), numbers
        assert ours > theirs
