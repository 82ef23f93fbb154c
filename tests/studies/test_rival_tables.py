"""Tables of rivals against small ones by hand."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from prn_lib.evaluation.metrics import METRICS
from prn_lib.runs.results import load_result
from prn_lib.studies.rival_tables import (
    costs_table,
    count_verdicts,
    differences_table,
    networks_table,
    product_names,
)

REAL = load_result(Path(__file__).parents[2] / "results" / "mini" / "button" / "quick-seed0")


def row(category, method, low, high, seeds=3, metric="pixel_ap", outlined=10):
    difference = (low + high) / 2
    return {
        "dataset": "mini", "category": category, "outlined": outlined, "size": 128,
        "seeds": seeds, "metric": metric, "PRN": 90 + difference, "rival": 90,
        "difference": difference, "low": low, "high": high, "method": method,
    }  # fmt: skip


def test_differences_tell_their_doubts():
    table = pd.DataFrame(
        [
            row("button", "padim", 1, 3),
            row("grain", "padim", -1, 3),
            row("button", "stfpm", -4, -4, seeds=1),
            row("button", "padim", 7, 7, metric="pro"),
            row("poly", "padim", np.nan, np.nan, outlined=0),
        ]
    )
    made = differences_table(table, "pixel_ap")
    assert made.columns.tolist() == ["PRN", "PaDiM", "STFPM"]
    assert made.loc["button, 128 px"].tolist() == ["92.0", "+2.0", "-4.0 *"]
    assert made.loc["grain, 128 px"].tolist() == ["91.0", "+1.0 ?", "not run"]
    assert made.loc["poly, 128 px, no masks"].tolist() == ["no masks", "no masks", "not run"]


def test_a_pooled_product_is_called_by_its_dataset():
    one = row("all", "padim", 1, 2)
    names = product_names(pd.DataFrame([{**one, "dataset": "magnetic_tile"}, one]))
    assert names.tolist() == ["magnetic tile, 128 px", "mini, 128 px"]


def test_a_verdict_needs_every_seed_and_two_of_them():
    table = pd.DataFrame(
        [
            row("a", "padim", 1, 3),
            row("b", "padim", -1, 3),
            row("c", "padim", -3, -1),
            row("d", "padim", -3, -2),
            row("e", "padim", 5, 5, seeds=1),
            row("f", "padim", 0, 2),
        ]
    )
    made = count_verdicts(table)
    assert made.loc["PaDiM", "pixel AP"] == "1 / 2 / 2"
    assert made.loc["PaDiM", "PRO"] == "0 / 0 / 0"
    assert len(made.columns) == len(METRICS)


def test_costs_are_of_the_lowest_seed_that_recorded_them():
    def made(seed, **told):
        provenance = {**REAL.provenance, **told}
        experiment = dataclasses.replace(REAL.experiment, seed=seed)
        return dataclasses.replace(REAL, experiment=experiment, provenance=provenance)

    seconds = {"prepare": 30.0, "train": 120.0, "test": 5.0}
    known = {"model_bytes": 2_500_000, "peak_bytes": 3_200_000_000, "seconds": seconds}
    runs = [made(2, **known), made(0, model_bytes=0), made(1, **known)]
    table = costs_table([runs[0], runs[2], runs[1]], "mini", "button", 128)
    per_image = 1000 * 5 / len(REAL.scores)
    assert table.loc["PRN"].tolist() == pytest.approx([0.5, 2, per_image, 3.2, 2.5])
    with pytest.raises(ValueError, match="no run of mini/grain at 128 px recorded what it"):
        costs_table(runs, "mini", "grain", 128)
    with pytest.raises(ValueError, match="no run of mini/button at 256 px"):
        costs_table(runs, "mini", "button", 256)


def test_each_networks_run_has_a_row(tmp_path):
    def made(network, seed, auroc, minutes):
        metrics = dict.fromkeys(METRICS, 0.5) | {"image_auroc": auroc}
        seconds = {"train": 60 * minutes, "test": 2.0}
        told = {"network": network, "seed": seed, "metrics": metrics, "seconds": seconds}
        return told | {"test_images": 50, "trainable_millions": 7.0}

    runs = [made("library", 0, 0.9, 2), made("plain", 0, 0.7, 5), made("library", 1, 0.8, 4)]
    path = tmp_path / "plain.json"
    path.write_text(json.dumps({"runs": runs}))
    table = networks_table(path)
    assert table.index.tolist() == ["PRN, seed 0", "PRN, seed 1", "plain, seed 0"]
    assert table.loc["PRN, seed 1"].tolist() == [80, 50, 50, 50, 4, 40, 7]
    assert table.loc["plain, seed 0"].tolist() == [70, 50, 50, 50, 5, 40, 7]
