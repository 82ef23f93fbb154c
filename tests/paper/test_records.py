"""Records of runs as a table: whose they are, their settings and what was given to them."""

import dataclasses

from paper_runs import frame, mini
from prn_lib.paper.comparison import compare
from prn_lib.paper.differences import effects
from prn_lib.paper.records import all_runs, made_with, settings_of
from prn_lib.paper.variants import (
    make_experiment,
)
from prn_lib.runs.experiment import Experiment


def test_settings_are_in_the_order_of_the_presets():
    names = ["quick, resnet18", "narrow, 250 steps", "quick", "paper, bfloat16", "narrow"]
    runs = frame(*[("mvtec", "bottle", name, "prn", 0, 50) for name in names])
    assert settings_of(runs, "mvtec") == [
        "paper, bfloat16", "narrow", "narrow, 250 steps", "quick", "quick, resnet18",
    ]  # fmt: skip
    assert settings_of(runs, "btad") == []


def test_other_settings_and_other_draws_stand_apart(record, tmp_path):
    prn = Experiment.from_preset("quick", category="weave")
    record("runs", prn, 0.5)
    record("runs", dataclasses.replace(prn, max_steps=9), 0.1)
    record("runs", dataclasses.replace(prn, seed=1, data_root="/another/draw"), 0.2)
    runs = all_runs(tmp_path)
    assert sorted(zip(runs["preset"], runs["seed"], strict=True)) == [
        ("quick", 0), ("quick, 9 steps", 0),
    ]  # fmt: skip


def test_own_runs_stand_before_the_projects(record, tmp_path):
    prn = Experiment.from_preset("quick", category="weave")
    record("results", prn, 0.5)
    record("runs", prn, 0.75)
    record("results", dataclasses.replace(prn, seed=1), 0.25)
    record("results", dataclasses.replace(prn, epochs=3), 0.1)  # no variant
    runs = all_runs(tmp_path)
    assert dict(zip(runs["seed"], runs["image_auroc"], strict=True)) == {0: 75, 1: 25}
    assert [*runs["variant"]] == ["prn", "prn"]
    assert runs.loc[0, "folder"].parts[-4] == "runs"


def test_without_records_nothing_is_run(tmp_path):
    runs = all_runs(tmp_path)
    assert runs.empty
    assert made_with(runs) == "not run yet"
    assert (compare("table5", runs, "mvtec", "paper")["seeds"] == 0).all()
    assert set(effects(runs, "mini", "quick")["verdict"]) == {"not run yet"}


def test_made_with_names_every_machine_date_and_commit():
    runs = frame(*mini("prn", {("weave", seed): 1 for seed in range(3)}))
    runs["hardware"] = ["cpu", "gpu", "cpu"]
    runs["date"] = ["2026-02-01T00:00", "2026-01-01T23:00", "2026-01-20T00:00"]
    runs["commit"] = ["b" * 40, "a" * 40 + "+", None]
    expected = "3 runs; cpu; gpu; 2026-01-01 to 2026-02-01; commits aaaaaaa+, bbbbbbb, none"
    assert made_with(runs) == expected


def test_records_tell_what_was_given(record, tmp_path):
    e = make_experiment("prn", "quick", {})
    record("runs", e, 0.5)
    record("runs", dataclasses.replace(e, textures="/a/dtd"), 0.75)
    runs = all_runs(tmp_path)
    assert dict(zip(runs["given"], runs["pro"], strict=True)) == {"": 50.0, "textures": 75.0}
