"""What a longer training buys, on records that were never made."""

import dataclasses
from types import SimpleNamespace

import pytest

from prn_lib import figures
from prn_lib.evaluation.metrics import METRICS
from prn_lib.runs.experiment import Experiment
from prn_lib.studies.budgets import budgets_table

BOTTLE = Experiment.from_preset("narrow", dataset="mvtec", category="bottle", data_root="/mvtec")


def made(experiment, seconds, value, hardware="a processor, 2 CPU cores"):
    return SimpleNamespace(
        experiment=experiment,
        losses=[0.1] * (experiment.max_steps or 4),
        metrics=dict.fromkeys(METRICS, value),
        provenance={"hardware": hardware, "seconds": {"train": seconds}},
    )


def changed(**options):
    return dataclasses.replace(BOTTLE, **options)


RUNS = [
    made(BOTTLE, 1800, 0.99),
    made(changed(max_steps=25, precision="bfloat16"), 60, 0.7),
    made(changed(max_steps=250), 600, 0.9),
    made(changed(max_steps=250, seed=1), 660, 0.8),
    made(changed(max_steps=9), 1, 0.5, hardware="a card"),
    made(changed(max_steps=9, use_fusion=False), 1, 0.5),
    made(Experiment.from_preset("quick", category="button"), 1, 0.5),
]


def test_runs_of_the_preset_on_a_processor_are_taken_by_steps():
    table = budgets_table(RUNS)
    assert table["steps"].tolist() == [25, 250, 250, 1200]
    assert table["minutes"].tolist() == [1, 10, 11, 30]
    assert table["pixel_ap"].tolist() == pytest.approx([70, 90, 80, 99])
    assert table["setting"].tolist() == ["narrow, bfloat16", "narrow", "narrow", "narrow"]
    assert budgets_table([]).empty


def test_the_figure_tells_its_points_in_words():
    shown = figures.show_budgets(budgets_table(RUNS))
    assert shown.png.startswith(b"\x89PNG")
    assert "bottle, 10.5 minutes: image AUROC 85.0" in shown.alt  # the mean of two seeds
    assert "bottle, 30.0 minutes: image AUROC 99.0" in shown.alt
