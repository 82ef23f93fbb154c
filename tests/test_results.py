"""The committed records, and the numbers that the README quotes from them."""

import dataclasses
import json
import re
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from prn_lib.datasets import DATASETS, overview
from prn_lib.experiment import Experiment
from prn_lib.metrics import METRICS
from prn_lib.results import find_results
from prn_lib.summaries import TITLES, compare_option
from prn_lib.tables import all_runs, effects
from prn_lib.variants import variant_of

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
    for category in ("button", "grain", "weave", "all"):
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


def test_readme_quotes_the_benchmark_of_the_model():
    record = json.loads((PROJECT / "results" / "benchmarks" / "model-cpu.json").read_text())
    for name, made in record["steps"]["cpu"].items():
        numbers = (
            f"{made['step_seconds']:.1f}",
            f"{made['memory_gb']:.1f}",
            f"{made['trainable_millions']:.1f}",
            f"{made['step_gflop']:.0f}",
            f"{100 * made['share_of_matrix_rate']:.0f}",
        )
        assert re.search(rf"\| {name} \|[^\n]*{re.escape(' | '.join(numbers))} \|", README), name
    seconds = record["kmeans"]["seconds"]
    for key in ("ours_1_starts", "ours_100_starts", "scikit_learn_1_starts"):
        assert f"{seconds[key]:.2f} s" in README
    for count, made in record["nearest"].items():
        assert f"{made['ratio']:.0f} times as fast with {count}" in README
        assert made["picks_of_double_precision"]
    for batch in ("batch_1", "batch_32"):
        assert f"{record['seconds_an_image']['cpu'][batch]:.2f} s" in README


def test_readme_quotes_the_benchmark_of_the_metrics():
    record = json.loads((PROJECT / "results" / "benchmarks" / "metrics-cpu.json").read_text())
    for count, made in record["compared"].items():
        names = ("ours", "scikit_learn", "swept_pro", "grid_pro")
        seconds = [f"{made['seconds'][name]:.2f}" for name in names]
        ratios = [f"{made[f'ratio_to_{other}']:.1f}" for other in ("scikit_learn", "all_exact")]
        assert f"| {count} | {' | '.join([*seconds, *ratios])} |" in README
        for metric, allowed in (("pixel_auroc", 1e-9), ("pixel_ap", 1e-9), ("pro", 1e-6)):
            assert made["differs_by"][metric] < allowed
    largest = record["growth"]["1000"]
    gigabytes = (largest["given_mb"] + largest["extra_mb"]) / 1000
    assert gigabytes < 2
    assert f"{gigabytes:.2f} GB" in README


def test_readme_quotes_the_benchmark_of_training():
    record = json.loads((PROJECT / "results" / "benchmarks" / "training-cpu.json").read_text())
    parts = ("synthesis", "encoder", "residuals, fusion, attention", "decoder",
             "loss and backward", "optimizer")  # fmt: skip
    for name in record.keys() - {"provenance"}:
        made = record[name]
        cells = [name, f"{made['images_a_second']:.1f}", f"{made['step_seconds']:.2f}"]
        cells += [f"{100 * made['shares'][part]:.0f}" for part in parts]
        assert f"| {' | '.join(cells)} |" in README, name


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
    unet = next(r for r in runs if variant_of(r.experiment) == "unet")
    for other in (untrained, unet):
        assert full.split == other.split
        ours, theirs = full.metrics["pixel_ap"], other.metrics["pixel_ap"]
        numbers = f"{100 * ours:.1f}", f"{100 * theirs:.1f}"
        row = rf"\|\s*{category}\s*\|[^\n]*{re.escape(numbers[1])}[^\n]*"
        assert re.search(row, README), numbers
        assert ours > theirs


def made_up(category, seed, metrics, **options):
    record = RECORDS[0]
    values = dict(zip(METRICS, metrics, strict=True))
    experiment = Experiment.from_preset("quick", category=category, seed=seed, **options)
    return dataclasses.replace(record, experiment=experiment, metrics=values)


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


def test_readme_quotes_the_benchmark_of_planning():
    record = json.loads((PROJECT / "results" / "benchmarks" / "plan-cpu.json").read_text())
    text = " ".join(README.split())
    tables, everything = record["paper's tables"], record["all variants"][0]
    assert (tables["runs"], everything["runs"]) == (3 * (15 * 17 + 14), 3 * 29 * 17)
    assert f"tables need {tables['runs']} runs, and all 17" in text
    assert f"{record['assumed_operations_a_second'] / 1e12:.0f} TFLOP/s" in text
    hours = f"{tables['gpu_hours']:.0f} and {everything['gpu_hours']:.0f} hours of a GPU"
    assert hours in text
    assert f"takes {everything['planning_seconds']:.1f} s and grows" in text
    assert f"takes {record['snakemake']['planning_seconds']:.1f} s (`benchmarks" in text
    most = record["all variants"][-1]
    rates = [n["planning_seconds"] / n["runs"] for n in (everything, most)]
    assert rates[1] < 2 * rates[0]  # in proportion


def test_readme_tells_the_clear_ablations():
    measured = effects(all_runs(folders=("results",)), "mini", "quick")
    text = " ".join(README.split())
    clear = measured[measured["verdict"].isin(["helps", "harms"])]
    assert (
        f"of the {(measured['pairs'] > 1).sum()} intervals {len(clear)} lie wholly on one" in text
    )
    found = {
        (effect, verdict): [TITLES[metric] for metric in of["metric"]]
        for (effect, verdict), of in clear.groupby(["effect", "verdict"])
    }
    assert found.keys() == {("MP", "helps"), ("MF", "harms")}
    *first, last = found["MP", "helps"]
    assert f"prototypes help in {', '.join(first)} and {last}" in text
    assert f"fusion harms {' and '.join(found['MF', 'harms'])}" in text


def test_readme_tells_what_another_machine_gave():
    """The same options, split and threads; the losses begin alike, and then part."""
    again = []
    for category in ("button", "grain", "weave"):
        record = json.loads(
            (PROJECT / f"results/mini/{category}/quick-seed0/result.json").read_text()
        )
        other = json.loads(
            (PROJECT / f"results/rounding/mini-{category}-quick-seed0.json").read_text()
        )
        assert Experiment(**other["experiment"]) == Experiment(**record["experiment"])
        assert other["split"] == record["split"]
        assert other["provenance"]["threads"] == record["provenance"]["threads"]
        assert other["losses"][0] == pytest.approx(record["losses"][0], rel=1e-6)
        assert other["losses"] != record["losses"]
        again.append(f"{100 * other['metrics']['image_auroc']:.1f}")
    assert f"with the same seed 0 {' / '.join(again)} in image AUROC" in " ".join(README.split())
