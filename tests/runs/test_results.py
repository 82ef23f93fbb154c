"""The committed records: whole, consistent, and read as they were written."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from prn_lib.evaluation.metrics import METRICS
from prn_lib.runs.results import category_name, find_results, folder_name

PROJECT = Path(__file__).parents[2]
RECORDS = find_results(PROJECT / "results")


def test_there_are_records():
    assert {r.experiment.dataset for r in RECORDS} >= {"mini", "mvtec", "magnetic_tile"}


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


@pytest.mark.parametrize("category", ["button", "grain", "weave"])
def test_training_pays_off_on_record(category):
    """All metrics of the trained network against those of the untrained one, as recorded."""
    runs = [r for r in RECORDS if r.experiment.category == category and r.experiment.seed == 0]
    full = next(r for r in runs if r.experiment.run_name == "quick-seed0")
    untrained = next(r for r in runs if r.experiment.max_steps == 0)
    assert full.split == untrained.split
    for name in METRICS:
        assert full.metrics[name] > untrained.metrics[name]


@pytest.mark.parametrize(
    "name", ["plain", "v{2}", "50% off", "%7B", "a\udcffb", "Größe [5]", "it's"]
)
def test_every_category_has_a_folder_that_every_tool_takes_and_is_found_again(name):
    folder = folder_name(name)
    assert category_name(folder) == name
    assert not set(folder) & set("{}")
    folder.encode()  # is text


def test_categories_of_different_names_have_different_folders():
    names = ["{", "%7B", "%257B", "%", "%25"]
    assert len({folder_name(name) for name in names}) == len(names)
