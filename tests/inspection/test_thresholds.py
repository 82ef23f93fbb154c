"""Thresholds: what they promise, held against draws of known distributions."""

import numpy as np
import pytest

from prn_lib.inspection.thresholds import choose_threshold, normals_needed


@pytest.mark.parametrize(("rate", "needed"), [(0.01, 99), (0.05, 19), (0.1, 9), (0.5, 1)])
def test_how_many_normals_a_rate_needs(rate, needed):
    assert normals_needed(rate) == needed
    scores = np.linspace(0, 1, needed)
    chosen = choose_threshold(scores, rate)
    assert chosen.value == scores[-1]  # none lies above
    with pytest.raises(ValueError, match=rf"{needed - 1} normals are too few .* it needs {needed}"):
        choose_threshold(scores[1:], rate)


def test_by_hand():
    """Of 39 normals one may lie above for 5%: floor(0.05 x 40) - 1."""
    chosen = choose_threshold(np.arange(39)[::-1] / 100, 0.05)
    assert chosen.value == 0.37
    assert (chosen.normals, chosen.false_alarms) == (39, 0.05)


@pytest.mark.parametrize("draw", ["uniform", "exponential", "standard_cauchy"])
@pytest.mark.parametrize(("normals", "rate"), [(50, 0.1), (200, 0.05)])
def test_the_rate_on_further_normals_is_as_promised(draw, normals, rate):
    """2000 calibrations: the mean rate is at most the asked one, 95% of rates are in their bounds.

    The rate on further normals is known exactly by ranking them with many others.
    """
    generator = np.random.default_rng(0)
    large = np.sort(getattr(generator, draw)(size=400_000))
    rates, inside = [], 0
    for _ in range(2000):
        chosen = choose_threshold(generator.choice(large, normals), rate)
        real = 1 - np.searchsorted(large, chosen.value, "right") / len(large)
        rates.append(real)
        inside += chosen.low <= real <= chosen.high
    assert np.mean(rates) == pytest.approx(rate, abs=0.1 * rate)
    assert 0.93 < inside / 2000 < 0.97


@pytest.mark.parametrize("rate", [0, 1, -0.1, float("nan")])
def test_a_rate_that_is_none_is_refused(rate):
    with pytest.raises(ValueError, match="must lie between 0 and 1"):
        choose_threshold([0.1] * 50, rate)
