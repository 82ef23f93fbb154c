"""Tables of runs, against cases by hand."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from prn_lib.evaluation.metrics import METRICS
from prn_lib.runs.experiment import Experiment
from prn_lib.runs.results import find_results
from prn_lib.runs.summaries import auroc_by_type, compare_option, results_table

RECORDS = find_results(Path(__file__).parents[2] / "results" / "mini")


def made_up(category, seed, metrics, **options):
    record = RECORDS[0]
    values = dict(zip(METRICS, metrics, strict=True))
    experiment = Experiment.from_preset("quick", category=category, seed=seed, **options)
    return dataclasses.replace(record, experiment=experiment, metrics=values)


def test_a_table_of_runs_ends_with_their_mean():
    runs = [made_up("weave", 0, (0.5, 0.6, 0.7, 0.8)), made_up("grain", 0, (0.7, 0.6, 0.5, 0.4))]
    table = results_table(runs)
    assert table["category"].tolist() == ["weave", "grain", "mean"]
    assert table["pixel AP"].tolist() == [80.0, 40.0, 60.0]
    assert table["image AUROC"].tolist() == [50.0, 70.0, 60.0]
    with pytest.raises(ValueError, match="no finished run"):
        results_table([])


def test_comparing_an_option_takes_pairs_and_only_those():
    """Differences of 10 and 20 in one metric: 15 on average, with a standard error of 5."""
    basic = {"residual_block": "basic"}
    runs = [
        made_up("weave", 0, (0.5, 0.5, 0.5, 0.5)),
        made_up("weave", 0, (0.6, 0.5, 0.5, 0.5), **basic),
        made_up("grain", 1, (0.7, 0.5, 0.5, 0.5)),
        made_up("grain", 1, (0.9, 0.5, 0.5, 0.5), **basic),
        made_up("grain", 2, (0.1, 0.5, 0.5, 0.5)),  # has no partner
        made_up("grain", 1, (0.0, 0.5, 0.5, 0.5), weight_decay=0.0),  # differs in another option
        made_up("weave", 0, (0.0, 0.5, 0.5, 0.5), max_steps=0, **basic),  # differs in two options
    ]
    table = compare_option(runs, "residual_block")
    assert table.index.name == "residual_block, 2 pairs"
    assert table["image AUROC"].to_dict() == {
        "bottleneck": "60.0",
        "basic": "75.0",
        "basic - bottleneck": "+15.0 ± 5.0",
    }
    assert table.loc["basic - bottleneck", "PRO"] == "+0.0 ± 0.0"
    once = made_up("weave", 0, (0.2, 0.5, 0.5, 0.5), residual_block="basic", weight_decay=0.0)
    assert compare_option([*runs, once], "residual_block").equals(table)
    lone = made_up("weave", 0, (0.2, 0.5, 0.5, 0.5), weight_decay=0.5)
    with pytest.raises(ValueError, match="no runs to compare values of 'weight_decay'"):
        compare_option([*runs, lone], "weight_decay")
    with pytest.raises(ValueError, match="no runs to compare values of 'train_layer4'"):
        compare_option(runs, "train_layer4")


def test_auroc_by_type_is_scikit_learns_of_each_type_against_all_normals():
    for result in RECORDS[:3]:
        found = auroc_by_type(result)
        scores = np.array([entry["score"] for entry in result.scores])
        kinds = np.array([entry["defect"] for entry in result.scores])
        assert sorted(found.index) == sorted(set(kinds) - {"good"})
        for kind, value in found.items():
            among = np.isin(kinds, [kind, "good"])
            assert value == pytest.approx(roc_auc_score(kinds[among] == kind, scores[among]))
    only = dataclasses.replace(result, scores=[e for e in result.scores if e["defect"] != "good"])
    assert auroc_by_type(only).isna().all()
