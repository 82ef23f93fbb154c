"""The paper's tables beside runs: means, deviations and intervals against hand-made records."""

import dataclasses
import json
import statistics

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t, ttest_rel

from prn_lib.common.paths import project_folder
from prn_lib.evaluation.metrics import METRICS
from prn_lib.paper.comparison import (
    all_runs,
    compare,
    compare_with_paper,
    effects,
    made_with,
    runs_of,
    settings_of,
)
from prn_lib.paper.printed import read_table
from prn_lib.paper.variants import (
    EFFECTS,
    IN_COMPANY,
    OTHER_READINGS,
    TARGETS,
    VARIANTS,
    goes_with,
    make_experiment,
    setting_of,
    variant_of,
)
from prn_lib.runs.experiment import PRESETS, Experiment
from prn_lib.runs.results import find_results


def frame(*rows):
    """Runs from (dataset, category, preset, variant, seed, value) with all metrics at the value."""
    made = {
        "hardware": "a machine",
        "date": "2026-01-02T03:04:05",
        "commit": "0123456789",
        "given": "",
    }
    names = ("dataset", "category", "preset", "variant", "seed", "value")
    rows = [dict(zip(names, row, strict=True)) for row in rows]
    return pd.DataFrame(
        [
            {**row, **dict.fromkeys(METRICS, row["value"]), **made, "folder": f"f{k}"}
            for k, row in enumerate(rows)
        ]
    )


def mini(variant, values):
    """Runs of a variant on the mini dataset from ``{(category, seed): value}``."""
    return [("mini", c, "quick", variant, seed, value) for (c, seed), value in values.items()]


def cell(table, row, metric="image_auroc", variant="prn"):
    of = table[(table["row"] == row) & (table["metric"] == metric) & (table["variant"] == variant)]
    assert len(of) == 1, (row, metric, variant)
    return of.iloc[0]


@pytest.fixture
def record(tmp_path):
    """Writes the record of a run that was never made."""
    like = next((project_folder() / "results").glob("mini/*/quick-seed0"))
    template = json.loads((like / "result.json").read_text())

    def write(folder, experiment, value):
        path = tmp_path / folder / experiment.dataset / experiment.category / experiment.run_name
        path.mkdir(parents=True)
        told = {
            **template,
            "experiment": dataclasses.asdict(experiment),
            "metrics": dict.fromkeys(METRICS, value),
        }
        (path / "result.json").write_text(json.dumps(told))

    return write


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


def test_variants_are_what_their_rows_say():
    """Options against the marks and numbers of the paper's own rows."""
    for row in read_table(5).itertuples():
        (variant,) = TARGETS["table5"].rows[row.variant]
        made = make_experiment(variant, "paper", {})
        assert made.extended == bool(row.extended)
        assert made.heterologous == bool(row.heterologous)
        assert made.homologous == bool(row.homologous)
        assert made.use_target_area == bool(row.target_area)
    for row, variants in TARGETS["table6"].rows.items():
        assert make_experiment(variants[0], "paper", {}).prototype_ratio == float(row)
    for row, variants in TARGETS["table7"].rows.items():
        assert make_experiment(variants[0], "paper", {}).n_anomalies == int(row)
    for row in read_table(4).itertuples():
        for variant in TARGETS["table4"].rows[row.variant]:
            made = make_experiment(variant, "paper", {})
            parts = ["U-Net", *["MP"] * made.use_prototypes, *["MSA"] * made.use_attention]
            parts += ["MF"] * made.use_fusion
            assert "+".join(parts) in (row.marks_en, row.marks_zh)


def test_beside_another_dataset_an_ablation_has_no_difference():
    values = {(c, 0): 70 for c in ("button", "grain", "weave")}
    table = compare("table4", frame(*mini("prn", values)), "mini", "quick")
    assert cell(table, "row5")["paper"] == 99.4
    assert table["difference"].isna().all()
    assert compare("table1", frame(*mini("prn", values)), "mini", "quick")["paper"].isna().all()


def test_unknown_targets_are_named():
    with pytest.raises(ValueError, match="target"):
        compare("table11", frame(("mini", "weave", "quick", "prn", 0, 1)), "mini", "quick")


ONE_PART = {  # the options in which an effect's two variants differ
    "MP": {"use_prototypes"}, "MSA": {"use_attention"}, "MF": {"use_fusion"},
    "EA": {"extended"}, "HEA": {"heterologous"}, "HOA": {"homologous"}, "TA": {"use_target_area"},
    "10% prototypes, not 5%": {"prototype_ratio"}, "10% prototypes, not 20%": {"prototype_ratio"},
    "10% prototypes, not all": {"prototype_ratio"},
    "10 anomalies, not 5": {"n_anomalies"}, "10 anomalies, not 1": {"n_anomalies"},
}  # fmt: skip


@pytest.mark.parametrize("preset", ["paper", "quick"])
def test_an_effects_two_variants_differ_in_the_named_option_alone(preset):
    assert set(EFFECTS) == set(ONE_PART)
    for name, effect in EFFECTS.items():
        assert [differing(pair, preset) for pair in effect.pairs] == [ONE_PART[name]], name


def differing(pair, preset):
    present, absent = (dataclasses.asdict(make_experiment(variant, preset, {})) for variant in pair)
    return {key for key in present if present[key] != absent[key]}


def test_another_reading_is_held_against_ours_in_one_option():
    assert len(OTHER_READINGS) == len(TARGETS["readings"].variants) - 1
    for effect in OTHER_READINGS.values():
        ((other, ours),) = effect.pairs
        assert ours == "prn"
        options = set(VARIANTS[other].options)
        assert differing((other, ours), "paper") <= options
        assert len(options - {"head_width"}) == 1


def test_a_part_in_company_is_all_that_differs():
    """Each module in all company in which it was run, and the mean over these."""
    for part in ("MP", "MSA", "MF"):
        *single, mean = (e for name, e in IN_COMPANY.items() if name.split()[0].strip(",") == part)
        assert len(single) == 3
        assert mean.pairs == sum((e.pairs for e in single), ())
        assert len(set(mean.pairs)) == 3
        for pair in mean.pairs:
            assert differing(pair, "quick") == ONE_PART[part], pair
        assert EFFECTS[part].pairs[0] in mean.pairs
    assert len(IN_COMPANY) == 12


def test_the_mean_over_company_is_that_of_the_differences():
    """By hand: MP gains 10 alone, 20 beside MSA, 30 beside both, in each of two categories more."""
    gains = {("mp", "unet"): 10, ("mp_msa", "msa"): 20, ("prn", "msa_mf"): 30}
    runs = []
    for (present, absent), gain in gains.items():
        runs += mini(present, {("button", 0): 40 + gain, ("weave", 0): 50 + gain + 3})
        runs += mini(absent, {("button", 0): 40, ("weave", 0): 50})
    runs += mini("mp", {("grain", 0): 99})  # without the other five
    table = effects(frame(*runs), "mini", "quick", IN_COMPANY).set_index("effect")
    assert len(table) == 12 * 4
    row = table.loc["MP, mean of the three"].iloc[0]
    assert row["mean"] == pytest.approx(21.5)
    assert row["pairs"] == 2
    reach = t.ppf(0.975, 1) * 1.5  # the standard error of 20 and 23
    assert (row["single_low"], row["single_high"]) == pytest.approx((21.5 - reach, 21.5 + reach))
    assert table.loc["MP alone"].iloc[0]["mean"] == pytest.approx(11.5)
    assert table["paper"].isna().all()
    assert not table["contradicts"].any()
    assert set(table.loc["MF, mean of the three", "verdict"]) == {"not run yet"}


def test_effects_are_those_of_a_paired_t_test():
    pairs = [(c, seed) for c in ("button", "grain", "weave") for seed in (0, 1)]
    present = dict(zip(pairs, [80, 85, 70, 77, 90, 91], strict=True))
    absent = dict(zip(pairs, [70, 80, 66, 70, 85, 79], strict=True))
    unpaired = {("button", 7): 1}
    runs = frame(*mini("prn", present), *mini("msa_mf", absent | unpaired))
    table = effects(runs.sample(frac=1, random_state=0), "mini", "quick").set_index("effect")
    row = table.loc["MP"].iloc[0]
    expected = ttest_rel([*present.values()], [*absent.values()]).confidence_interval(0.95)
    assert (row["single_low"], row["single_high"]) == pytest.approx(tuple(expected))
    corrected = ttest_rel([*present.values()], [*absent.values()]).confidence_interval(1 - 0.05 / 4)
    assert (row["low"], row["high"]) == pytest.approx(tuple(corrected))  # of four metrics
    assert row["mean"] == pytest.approx(43 / 6)
    assert (row["pairs"], row["agree"]) == (6, 6)
    assert row["verdict"] == "helps"
    assert not row["contradicts"]
    assert row["paper"] == pytest.approx(99.4 - 97.8)
    other = table.loc["TA"].iloc[0]
    assert (other["pairs"], other["verdict"]) == (0, "not run yet")


def test_with_fixed_products_the_scatter_is_that_of_seeds():
    """Against the interval of a linear model with a level for each product, worked out by hand."""
    gains = {("button", 0): 1, ("button", 1): 3, ("weave", 0): 40, ("weave", 1): 44}
    runs = frame(
        *mini("prn", {place: 50 + gain for place, gain in gains.items()}),
        *mini("msa_mf", dict.fromkeys(gains, 50)),
        *mini("mp_msa", {("button", 0): 10, ("weave", 0): 20}),  # one seed: no scatter
    )
    table = effects(runs, "mini", "quick", fixed_products=True).set_index("effect")
    row = table.loc["MP"].iloc[0]
    error = ((1 + 1 + 4 + 4) / 2 / 4) ** 0.5  # two degrees of freedom, four pairs
    assert row["mean"] == 22
    assert row["single_high"] - 22 == pytest.approx(t.ppf(0.975, 2) * error)
    assert row["high"] - 22 == pytest.approx(t.ppf(1 - 0.025 / 4, 2) * error)
    assert row["verdict"] == "helps"
    assert table.loc["MF"].iloc[0]["verdict"] == "not run yet"
    any_product = effects(runs, "mini", "quick").set_index("effect")
    assert any_product.loc["MP"].iloc[0]["verdict"] == "not told apart"


def test_of_effects_that_are_none_one_table_in_twenty_says_otherwise():
    """All intervals of a table hold together in 95% of cases or more, whatever their number."""
    rng = np.random.default_rng(0)
    places = [(c, seed) for c in ("button", "grain", "weave") for seed in range(3)]
    names = ["prn", "msa_mf", "mp_mf", "mp_msa", "hea_hoa", "ea_hoa", "ea_hea", "no_ta"]
    wrong = alone = 0
    for _ in range(40):
        noise = {name: dict(zip(places, rng.normal(50, 5, 9), strict=True)) for name in names}
        told = effects(frame(*(row for n in names for row in mini(n, noise[n]))), "mini", "quick")
        told = told[told["pairs"] > 1]
        wrong += not (told["verdict"] == "not told apart").all()
        alone += not (told["single_low"] * told["single_high"] < 0).all()
    assert wrong <= 4
    assert alone > wrong


@pytest.mark.parametrize(
    ("gains", "verdict", "contradicts"),
    [
        ((5, 6, 7), "helps", False),
        ((-5, -6, -7), "harms", True),
        ((-5, 6, 7), "not told apart", False),
        ((-5, -6, 7), "not told apart", False),
        ((-5,), "not run yet", False),
    ],
)
def test_verdicts(gains, verdict, contradicts):
    """All of the paper's differences for MF are above 0."""
    places = list(zip(("button", "grain", "weave"), (0, 0, 0), strict=True))[: len(gains)]
    runs = frame(
        *mini("prn", {p: 50 + gain for p, gain in zip(places, gains, strict=True)}),
        *mini("mp_msa", dict.fromkeys(places, 50)),
    )
    rows = effects(runs, "mini", "quick").query("effect == 'MF'")
    if len(gains) > 1:
        assert set(rows["agree"]) == {sum(gain * sum(gains) > 0 for gain in gains)}
    assert set(rows["verdict"]) == {verdict}
    assert set(rows["contradicts"]) == {contradicts}


@pytest.mark.parametrize(
    ("name", "preset"),
    [(v, p) for v in VARIANTS for p in ("paper", "narrow", "quick") if goes_with(v, p)],
)
def test_variants_are_recognised_wherever_the_data_lie(name, preset):
    elsewhere = {"data_root": "/elsewhere", "seed": 3, "textures": "/dtd", "dataset": "mvtec"}
    made = make_experiment(name, preset, elsewhere)
    usual = Experiment.from_preset(preset)
    changes = {k: v for k, v in VARIANTS[name].options.items() if v != getattr(usual, k)}
    found = variant_of(made)
    assert {k: v for k, v in VARIANTS[found].options.items() if v != getattr(usual, k)} == changes
    assert variant_of(dataclasses.replace(made, epochs=made.epochs + 1)) is None


def test_a_setting_is_the_preset_and_what_any_variant_may_change():
    quick, narrow, paper = map(Experiment.from_preset, ("quick", "narrow", "paper"))
    told = {
        "quick": quick,
        "quick, resnet18": dataclasses.replace(quick, encoder="resnet18"),
        "quick, 256 pixels": dataclasses.replace(quick, image_size=256),
        "quick, 100 steps": dataclasses.replace(quick, max_steps=100, seed=3),
        "narrow, bfloat16": dataclasses.replace(narrow, precision="bfloat16", textures="/dtd"),
        "paper, bfloat16, cut short": dataclasses.replace(
            paper, precision="bfloat16", max_steps=100
        ),
    }
    for words, experiment in told.items():
        assert setting_of(experiment) == words
        assert variant_of(experiment) == "prn"


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


def test_a_variant_that_does_not_go_with_a_preset_is_known():
    unfit = {(v, p) for v in VARIANTS for p in PRESETS if not goes_with(v, p)}
    assert unfit == {("train_layer4", "quick")}
    with pytest.raises(ValueError, match="unknown preset 'slow'"):
        goes_with("prn", "slow")
    with pytest.raises(ValueError, match="unknown variant 'half'"):
        goes_with("half", "paper")


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


def test_records_tell_what_was_given(record, tmp_path):
    e = make_experiment("prn", "quick", {})
    record("runs", e, 0.5)
    record("runs", dataclasses.replace(e, textures="/a/dtd"), 0.75)
    runs = all_runs(tmp_path)
    assert dict(zip(runs["given"], runs["pro"], strict=True)) == {"": 50.0, "textures": 75.0}


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
