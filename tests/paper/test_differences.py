"""What a part does: means and intervals against SciPy's and against hand-made runs."""

import numpy as np
import pytest
from scipy.stats import t, ttest_rel

from paper_runs import frame, mini
from prn_lib.paper.differences import effects
from prn_lib.paper.variants import (
    IN_COMPANY,
)


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
    assert any_product.loc["MP"].iloc[0]["verdict"] == "undecided"


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
        wrong += not (told["verdict"] == "undecided").all()
        alone += not (told["single_low"] * told["single_high"] < 0).all()
    assert wrong <= 4
    assert alone > wrong


@pytest.mark.parametrize(
    ("gains", "verdict", "contradicts"),
    [
        ((5, 6, 7), "helps", False),
        ((-5, -6, -7), "harms", True),
        ((-5, 6, 7), "undecided", False),
        ((-5, -6, 7), "undecided", False),
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
