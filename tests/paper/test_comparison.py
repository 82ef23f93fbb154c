"""The paper's tables beside runs: means and deviations against hand-made records."""

import dataclasses
import statistics

import pandas as pd
import pytest

from paper_runs import cell, frame, mini
from prn_lib.common.paths import project_folder
from prn_lib.evaluation.metrics import METRICS
from prn_lib.paper.comparison import compare, compare_with_paper, runs_of
from prn_lib.paper.differences import effects
from prn_lib.paper.printed import read_table
from prn_lib.paper.records import made_with
from prn_lib.paper.variants import (
    TARGETS,
)
from prn_lib.runs.results import find_results


def test_means_and_deviations_are_over_seeds():
    runs = frame(*mini("prn", {("weave", 0): 70, ("weave", 1): 80, ("weave", 2): 96}))
    row = cell(compare("reproduce", runs, "mini", "quick"), "weave")
    assert row["ours"] == pytest.approx(82)
    assert row["deviation"] == pytest.approx(statistics.stdev([70, 80, 96]))
    assert row["seeds"] == 3
    one = cell(compare("reproduce", runs.head(1), "mini", "quick"), "weave")
    assert (one["ours"], one["seeds"]) == (70, 1)
    assert pd.isna(one["deviation"])


def test_an_average_counts_only_seeds_with_every_category():
    values = {("button", 0): 60, ("grain", 0): 70, ("weave", 0): 80, ("weave", 1): 0}
    runs = frame(*mini("prn", values), *mini("unet", {("weave", 0): 10}))
    average = cell(compare("reproduce", runs, "mini", "quick"), "average")
    assert (average["ours"], average["seeds"]) == (70, 1)
    table = compare("table4", runs, "mini", "quick")
    assert (cell(table, "row5")["ours"], cell(table, "row5")["seeds"]) == (70, 1)
    assert cell(table, "row1", variant="unet")["seeds"] == 0


@pytest.mark.parametrize("target", ["table1", "table3", "table4"])
def test_a_part_of_the_published_categories_is_no_average(target):
    runs = frame(*[("mvtec", c, "paper", "prn", 0, 99.0) for c in ("bottle", "cable")])
    table = compare(target, runs, "mvtec", "paper")
    row = {"table1": "average", "table3": "PRN", "table4": "row5"}[target]
    assert cell(table, row)["seeds"] == 0
    if target == "table1":
        assert cell(table, "bottle")["difference"] == pytest.approx(99.0 - 100)


def test_one_category_has_no_average():
    runs = frame(("magnetic_tile", "all", "quick", "prn", 0, 60))
    assert set(compare("table1", runs, "magnetic_tile", "quick")["row"]) == {"all"}


def test_other_datasets_and_presets_do_not_count():
    runs = frame(("mvtec", "bottle", "quick", "prn", 0, 50), ("mini", "weave", "quick", "mp", 0, 9))
    assert (compare("table1", runs, "mvtec", "paper")["seeds"] == 0).all()
    assert (compare("table4", runs, "mini", "paper")["seeds"] == 0).all()


def test_rows_are_in_the_papers_order_and_others_by_their_number():
    empty = frame(("mini", "weave", "quick", "prn", 0, 50)).head(0)
    mvtec = compare("table1", empty, "mvtec", "paper")["row"].unique()
    assert [*mvtec] == [*read_table(1)["category"].unique()]
    dagm = compare("table9", empty, "dagm", "paper")["row"].unique()
    assert [*dagm] == [*(f"Class{k}" for k in range(1, 11)), "average"]
    own = frame(*[("folder", f"Class{k}", "quick", "prn", 0, 50) for k in (10, 2, 1)])
    assert [*compare("reproduce", own, "folder", "quick")["row"].unique()] == [
        "Class1", "Class2", "Class10", "average",
    ]  # fmt: skip
    assert [*runs_of("reproduce", own, "folder", "quick")["category"]] == [
        "Class1", "Class2", "Class10",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("target", "dataset", "row", "printed"),
    [  # (metric, number) as the paper prints them
        ("table1", "mvtec", "carpet", {"image_auroc": 99.7, "pixel_auroc": 99.0}),
        ("table2", "mvtec", "screw", {"pro": 92.4, "pixel_ap": 44.9}),
        ("table3", "mvtec", "PRN", {"image_auroc": 99.4, "pro": 96.1, "pixel_ap": 78.6}),
        ("table8", "btad", "PRN", {"image_auroc": 94.7, "pixel_ap": 54.0}),
        ("table9", "dagm", "Class2", {"image_auroc": 96.0, "pro": 95.6}),
        ("table10", "btad", "02", {"pixel_auroc": 95.1, "pro": 54.4}),
    ],
)
def test_the_papers_numbers_stand_in_their_rows(target, dataset, row, printed):
    empty = frame(("mini", "weave", "quick", "prn", 0, 50)).head(0)
    table = compare(target, empty, dataset, "paper")
    for metric, number in printed.items():
        assert cell(table, row, metric)["paper"] == number


@pytest.mark.parametrize("target", ["table4", "table5", "table6", "table7"])
def test_an_ablation_has_every_printed_row_and_its_last_is_prn(target):
    """The rows of ``variants.json`` and of the paper's table are the same ones."""
    empty = frame(("mini", "weave", "quick", "prn", 0, 50)).head(0)
    table = compare(target, empty, "mvtec", "paper")
    assert table["paper"].notna().all()
    number = read_table(int(target[-1]))
    if "method" in number:
        number = number.query("method == 'PRN'")
    assert len(TARGETS[target].rows) == len(number)
    prn = table[table["variant"] == "prn"].set_index("metric")["paper"].to_dict()
    assert prn == {"image_auroc": 99.4, "pixel_auroc": 99.0, "pro": 96.1, "pixel_ap": 78.6}


def test_beside_another_dataset_an_ablation_has_no_difference():
    values = {(c, 0): 70 for c in ("button", "grain", "weave")}
    table = compare("table4", frame(*mini("prn", values)), "mini", "quick")
    assert cell(table, "row5")["paper"] == 99.4
    assert table["difference"].isna().all()
    assert compare("table1", frame(*mini("prn", values)), "mini", "quick")["paper"].isna().all()


def test_unknown_targets_are_named():
    with pytest.raises(ValueError, match="target"):
        compare("table11", frame(("mini", "weave", "quick", "prn", 0, 1)), "mini", "quick")


def test_runs_of_a_table_are_in_the_order_of_its_rows():
    values = {("weave", 1): 1, ("weave", 0): 2, ("button", 0): 3}
    runs = frame(*mini("prn", values), *mini("ea", values), *mini("unet", values))
    of = runs_of("table4", runs, "mini", "quick")
    assert [*zip(of["variant"], of["category"], of["seed"], strict=True)] == [
        (variant, *place)
        for variant in ("unet", "prn")
        for place in (("button", 0), ("weave", 0), ("weave", 1))
    ]


def test_runs_with_textures_are_never_held_against_runs_without():
    """PRN without textures at 60 and with at 90; MP + MF with textures only, at 85."""
    keys = [(c, seed) for c in ("button", "grain", "weave") for seed in (0, 1)]
    uneven = {"button": 0.1, "grain": 0, "weave": -0.1}
    runs = frame(*mini("prn", {(c, seed): 60 - 10 * seed for c, seed in keys}))
    with_textures = frame(
        *mini("prn", {(c, seed): 90 - 10 * seed for c, seed in keys}),
        *mini("mp_mf", {(c, seed): 85 - 10 * seed + uneven[c] for c, seed in keys}),
    ).assign(given="textures")
    both = pd.concat([runs, with_textures], ignore_index=True)
    msa = effects(both, "mini", "quick").query("effect == 'MSA' and metric == 'pro'").iloc[0]
    assert (msa["mean"], msa["pairs"], msa["verdict"]) == (pytest.approx(5), 6, "helps")
    assert cell(compare("table4", both, "mini", "quick"), "row5")["ours"] == pytest.approx(85)
    assert set(runs_of("table4", both, "mini", "quick")["given"]) == {"textures"}
    assert "with textures" in made_with(both)


def test_a_run_stands_beside_the_paper_where_it_has_the_category():
    """Carpet's printed image AUROC is 99.7 and its pixel AP 82.0 (Tables 1 and 2)."""
    (record, *_) = find_results(project_folder() / "results" / "mini" / "weave")
    metrics = dict.fromkeys(METRICS, 0.5)
    ours = dataclasses.replace(record, metrics=metrics)
    assert list(compare_with_paper(ours).columns) == ["this run"]
    experiment = dataclasses.replace(record.experiment, dataset="mvtec", category="carpet")
    compared = compare_with_paper(dataclasses.replace(ours, experiment=experiment))
    assert compared.loc["image AUROC", "paper"] == 99.7
    assert compared.loc["pixel AP", "difference"] == pytest.approx(50 - 82.0)
