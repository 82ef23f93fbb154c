"""Pairs of runs with and without outlined defects, against scikit-learn."""

import dataclasses
from pathlib import Path

import pytest
from sklearn.metrics import roc_auc_score

from prn_lib.runs.results import find_results
from prn_lib.studies.outlines import outlines_gain

PROJECT = Path(__file__).parents[2]
FOUND = find_results(PROJECT / "results" / "elpv")


def of(seed, taught, category="mono"):
    return next(
        r
        for r in FOUND
        if (r.experiment.category, r.experiment.seed) == (category, seed)
        and r.experiment.extended == taught
        and r.experiment.method == "prn"
    )


def test_pairs_are_judged_on_the_images_of_both():
    with_ten, without = of(0, True), of(0, False)
    row = outlines_gain(FOUND).iloc[0]
    seen = set(with_ten.split["train_anomalies"])
    assert len(seen) == row["outlined"] == 10
    common = [entry for entry in without.scores if entry["name"] not in seen]
    assert row["tested"] == len(common) == len(with_ten.scores)
    labels = [entry["defect"] != "good" for entry in common]
    expected = 100 * roc_auc_score(labels, [entry["score"] for entry in common])
    assert row["without"] == pytest.approx(expected)
    assert row["with"] == pytest.approx(100 * with_ten.metrics["image_auroc"])
    assert row["gain"] == pytest.approx(row["with"] - row["without"])


def test_only_pairs_count():
    table = outlines_gain(FOUND)
    assert table[["category", "seed"]].to_numpy().tolist() == [["mono", s] for s in (0, 1, 2)]
    with_ten = of(0, True)
    longer = dataclasses.replace(with_ten.experiment, max_steps=400)
    with pytest.raises(ValueError, match="no two runs differ"):
        outlines_gain([of(0, False), dataclasses.replace(with_ten, experiment=longer)])
    with pytest.raises(ValueError, match="no two runs differ"):
        outlines_gain([])
