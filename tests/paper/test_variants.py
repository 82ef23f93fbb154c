"""Variants of the paper: the options in which they differ, and how they are recognised."""

import dataclasses

import pytest

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


def test_a_variant_that_does_not_go_with_a_preset_is_known():
    unfit = {(v, p) for v in VARIANTS for p in PRESETS if not goes_with(v, p)}
    assert unfit == {("train_layer4", "quick")}
    with pytest.raises(ValueError, match="unknown preset 'slow'"):
        goes_with("prn", "slow")
    with pytest.raises(ValueError, match="unknown variant 'half'"):
        goes_with("half", "paper")
