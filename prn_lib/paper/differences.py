"""What each part of PRN does: differences of paired runs, with intervals (Sec. 4.3)."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from prn_lib.evaluation.metrics import METRICS
from prn_lib.paper.comparison import printed_means
from prn_lib.paper.records import in_setting
from prn_lib.paper.variants import EFFECTS, TARGETS, Effect

CONFIDENCE = 0.95


def effects(
    runs: pd.DataFrame,
    dataset: str,
    preset: str,
    of: Mapping[str, Effect] = EFFECTS,
    *,
    fixed_products: bool = False,
) -> pd.DataFrame:
    """What each part of PRN does: runs with it minus runs without, in pairs of category and seed.

    A row for each effect of ``of`` and metric. Columns: effect, metric, ``paper`` (the difference
    of its printed means, for MVTec), ``pairs``, ``agree`` (how many of them have the sign of the
    mean), ``mean`` of the pairs' differences, ``single_low`` and ``single_high`` (its 95%
    confidence interval, Student's t), ``low`` and ``high`` (the same with Bonferroni's correction:
    95% that *all* intervals of the table hold), ``verdict``: "helps" or "harms" if the corrected
    interval excludes 0, else "undecided", and ``contradicts``: whether the verdict is the
    opposite of the paper's difference. In percent, NaN where there are fewer than 2 pairs. Where an
    effect has several pairs of variants, their differences are averaged within category and seed.

    The scatter is that of all pairs, so that an interval is about other products as well. With
    ``fixed_products`` it is that within each category: about other seeds on these products alone.
    """
    at = in_setting(runs, dataset, preset)
    by = {name: group.set_index(["category", "seed"]) for name, group in at.groupby("variant")}
    pairs = {name: _differences(effect, by) for name, effect in of.items()}
    if fixed_products:
        around = {
            name: found.groupby("category").transform("mean") for name, found in pairs.items()
        }
        free = {name: len(found) - found.index.unique(0).size for name, found in pairs.items()}
    else:
        around = {name: found.mean() for name, found in pairs.items()}
        free = {name: len(found) - 1 for name, found in pairs.items()}
    comparisons = len(METRICS) * sum(count > 0 for count in free.values())
    rows = []
    for name, effect in of.items():
        for metric in METRICS:
            values = pairs[name][metric].astype(float)
            squares = float(((values - around[name][metric]) ** 2).sum())
            told = _judged(values.to_numpy(), squares, free[name], comparisons)
            rows.append((name, metric, _gain(effect, metric), *told))
    columns = ["effect", "metric", "paper", "pairs", "agree", "mean", "single_low", "single_high"]
    table = pd.DataFrame(rows, columns=[*columns, "low", "high", "verdict"])
    sign = table["verdict"].map({"helps": 1, "harms": -1}).fillna(0)
    return table.assign(contradicts=sign * table["paper"] < 0)


def _differences(effect: Effect, by: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """A row for each category and seed in which all of the effect's variants were run."""
    if any(variant not in by for pair in effect.pairs for variant in pair):
        nothing = pd.MultiIndex.from_arrays([[], []], names=["category", "seed"])
        return pd.DataFrame(columns=[*METRICS], index=nothing, dtype=float)
    with_less_without = [by[p][[*METRICS]] - by[a][[*METRICS]] for p, a in effect.pairs]
    return (sum(with_less_without) / len(effect.pairs)).dropna()


def _gain(effect: Effect, metric: str) -> float:
    """The paper's own difference: the row that has the part minus the one that lacks it."""
    if effect.target is None:
        return np.nan
    printed = printed_means(effect.target, "mvtec")
    rows = {v: row for row, variants in TARGETS[effect.target].rows.items() for v in variants}
    ((present, absent),) = effect.pairs
    return printed[rows[present], metric] - printed[rows[absent], metric]


def _judged(values: np.ndarray, squares: float, free: int, comparisons: int) -> tuple[Any, ...]:
    """Pairs, agreeing ones, mean, interval alone, one among ``comparisons``, verdict.

    ``squares`` is the sum of squared deviations, with ``free`` degrees of freedom.
    """
    if free < 1:
        return len(values), 0, *[np.nan] * 5, "not run yet"
    mean, error = values.mean(), (squares / free / len(values)) ** 0.5
    alone, corrected = (
        float(stats.t.ppf(1 - (1 - CONFIDENCE) / count / 2, free)) * error
        for count in (1, comparisons)
    )
    low, high = mean - corrected, mean + corrected
    verdict = "helps" if low > 0 else "harms" if high < 0 else "undecided"
    agree = int((np.sign(values) == np.sign(mean)).sum())
    return len(values), agree, mean, mean - alone, mean + alone, low, high, verdict
