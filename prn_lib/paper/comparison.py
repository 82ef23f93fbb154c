"""The paper's tables beside our own runs: means and deviations over seeds, and what a part does."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from prn_lib.common.checks import check_choice
from prn_lib.common.paths import project_folder
from prn_lib.datasets import DATASETS
from prn_lib.evaluation.metrics import METRICS
from prn_lib.paper.printed import paper_metrics, read_table
from prn_lib.paper.variants import EFFECTS, TARGETS, VARIANTS, Effect, given, setting_of, variant_of
from prn_lib.runs.experiment import PRESETS
from prn_lib.runs.results import OWN_FIRST, Result, find_results
from prn_lib.runs.summaries import TITLES

AVERAGE = "average"
CONFIDENCE = 0.95
_BY_CATEGORY = ("table1", "table2", "table9", "table10", "reproduce")
_METRICS = {"table1": METRICS[:2], "table2": METRICS[2:]}  # which a table prints; others all four
_LABELS = {"table4": "variant", "table5": "variant", "table6": "ratio", "table7": "n_anomalies"}


def all_runs(project: Path | None = None, folders: Sequence[str] = OWN_FIRST) -> pd.DataFrame:
    """Every run on record that is a variant in its setting, a row each; metrics in percent.

    Columns: dataset, category, preset (with what else makes the setting, as
    :func:`prn_lib.paper.variants.setting_of` says it), variant, seed, ``given`` (which folders of
    one's own were used, such as textures), the four metrics, hardware, date, commit, folder. Of two
    records of one run that in the first of ``folders`` is taken: the reader's own. Of generated
    images only the embedded ones count, not other draws of them.
    """
    project = project or project_folder()
    found = [result for folder in folders for result in find_results(project / folder)]
    rows = [_row(result) for result in found if not _is_other_draw(result)]
    key = ["dataset", "category", "preset", "variant", "seed", "given"]
    columns = [*key, *METRICS, "hardware", "date", "commit", "folder"]
    runs = pd.DataFrame([row for row in rows if row["variant"]], columns=columns)
    return runs.drop_duplicates(key, ignore_index=True)


def _is_other_draw(result: Result) -> bool:
    e = result.experiment
    return DATASETS[e.dataset].generate is not None and e.data_root is not None


def settings_of(runs: pd.DataFrame, dataset: str) -> list[str]:
    """The settings (column ``preset``) in which a dataset was run, the paper's own first."""
    names = runs.loc[runs["dataset"] == dataset, "preset"].unique()
    order = list(PRESETS)
    return sorted(names, key=lambda name: (order.index(name.split(", ")[0]), len(name), name))


def _setting(runs: pd.DataFrame, dataset: str, preset: str) -> pd.DataFrame:
    """The runs of a dataset in a preset; runs that were given most, as the paper's, if they differ.

    A run with textures of one's own is never held against one without.
    """
    of = runs[(runs["dataset"] == dataset) & (runs["preset"] == preset)]
    if of["given"].nunique() < 2:
        return of
    counts = of["given"].value_counts()
    most = max(counts.index, key=lambda told: (len(told.split(", ")) * bool(told), counts[told]))
    return of[of["given"] == most]


def _row(result: Result) -> dict[str, Any]:
    e, made = result.experiment, result.provenance
    return {
        **{name: getattr(e, name) for name in ("dataset", "category", "seed")},
        "preset": setting_of(e),
        "variant": variant_of(e),
        "given": given(e),
        **{name: 100 * result.metrics[name] for name in METRICS},
        **{name: made[name] for name in ("hardware", "date", "commit")},
        "folder": result.folder,
    }


def compare(target: str, runs: pd.DataFrame, dataset: str, preset: str) -> pd.DataFrame:
    """A table of the paper beside the runs of a dataset: a row for each printed row and metric.

    Columns: row, variant, metric, ``paper``, ``ours`` (the mean over seeds), ``deviation`` (their
    standard deviation), ``seeds`` (how many) and ``difference``; numbers in percent, NaN where
    there is none. An average over categories counts seeds that have run with all of them: those
    published, or else those on record. Beside another dataset, the paper's numbers of an ablation
    stand without a difference.
    """
    check_choice("target", target, TARGETS)
    of = _setting(runs, dataset, preset)
    by_category = target in _BY_CATEGORY
    found = (_categories if by_category else _variants)(target, of, dataset)
    printed = _printed(target, dataset)
    rows = []
    for row, variant, values in found:
        for metric in _METRICS.get(target, METRICS):
            seeds = values[metric].to_numpy(float)
            deviation = seeds.std(ddof=1) if len(seeds) > 1 else np.nan
            mean = seeds.mean() if len(seeds) else np.nan
            paper = printed.get((row, metric), np.nan)
            rows.append((row, variant, metric, paper, mean, deviation, len(seeds)))
    columns = ["row", "variant", "metric", "paper", "ours", "deviation", "seeds"]
    table = pd.DataFrame(rows, columns=columns)
    comparable = dataset in TARGETS[target].datasets
    return table.assign(difference=table["ours"] - table["paper"] if comparable else np.nan)


def _categories(
    target: str, runs: pd.DataFrame, dataset: str
) -> list[tuple[str, str, pd.DataFrame]]:
    """Row, variant and a metric row for each seed; for every category and, of several, the average.

    Categories stand in the paper's order, or in that of their names.
    """
    runs = runs[runs["variant"] == "prn"]
    printed = [row for row, _ in _printed(target, dataset) if row != AVERAGE]
    names = [*dict.fromkeys([*printed, *sorted(runs["category"], key=_natural)])]
    single = [(name, "prn", _by_seed(runs[runs["category"] == name], 1)) for name in names]
    average = [(AVERAGE, "prn", _by_seed(runs, len(names)))]
    return [*single, *average] if len(names) > 1 else single


def _variants(target: str, runs: pd.DataFrame, dataset: str) -> list[tuple[str, str, pd.DataFrame]]:
    """Row, variant and a metric row for each seed, averaged over categories."""
    published = DATASETS[dataset].published if dataset in DATASETS else {}
    count = len(published) or runs["category"].nunique()
    return [
        (row, variant, _by_seed(runs[runs["variant"] == variant], count))
        for row, variants in TARGETS[target].rows.items()
        for variant in variants
    ]


def _by_seed(runs: pd.DataFrame, categories: int) -> pd.DataFrame:
    """The mean over categories for each seed that has ``categories`` of them."""
    groups = runs.groupby("seed")
    return groups[[*METRICS]].mean()[groups["category"].nunique() == categories]


def _natural(name: str) -> str:
    """A key to sort by: Class2 comes before Class10."""
    return re.sub(r"\d+", lambda digits: digits[0].rjust(9), name)


def _printed(target: str, dataset: str) -> dict[tuple[str, str], float]:
    """PRN's numbers by (row, metric) in percent; empty if the paper has no such table."""
    if not target.startswith("table") or (
        target in _BY_CATEGORY and dataset not in TARGETS[target].datasets
    ):
        return {}
    table = read_table(int(target.removeprefix("table")))
    if target == "table3":
        table = table.tail(1).assign(label="PRN")
    elif target == "table8":
        table = table.query("dataset == @dataset and method == 'PRN'").assign(label="PRN")
    else:
        if "method" in table:
            table = table.query("method == 'PRN'")
        table = table.assign(label=table[_LABELS.get(target, "category")].astype(str))
    told = table.melt("label", [*_METRICS.get(target, METRICS)], "metric")
    return {(t.label, t.metric): t.value for t in told.itertuples()}


def compare_with_paper(result: Result) -> pd.DataFrame:
    """The four metrics of one run in percent, the paper's, and the difference where it has them."""
    ours = {TITLES[name]: 100 * result.metrics[name] for name in METRICS}
    table = pd.DataFrame({"this run": ours})
    printed = paper_metrics(result.experiment.dataset, result.experiment.category)
    if printed is not None:
        table["paper"] = [100 * printed[name] for name in METRICS]
        table["difference"] = table["this run"] - table["paper"]
    return table.round(1)


def row_labels(compared: pd.DataFrame) -> list[str]:
    """Names of the rows of :func:`compare`.

    They are the printed ones where all rows are of one variant; else with their variants' titles.
    """
    if compared["variant"].nunique() == 1:
        return [row.replace("_", " ") for row in compared["row"]]
    readings = compared.groupby("row")["variant"].nunique()
    pairs = zip(compared["row"], compared["variant"], strict=True)
    return [_label(row, VARIANTS[variant].title, readings[row]) for row, variant in pairs]


def _label(row: str, title: str, readings: int) -> str:
    if readings > 1:
        return f"{row}, read as {title.removeprefix(row).strip()}"
    return title if title.startswith(row) else f"{row}: {title}"


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
    interval excludes 0, else "not told apart", and ``contradicts``: whether the verdict is the
    opposite of the paper's difference. In percent, NaN where there are fewer than 2 pairs. Where an
    effect has several pairs of variants, their differences are averaged within category and seed.

    The scatter is that of all pairs, so that an interval is about other products as well. With
    ``fixed_products`` it is that within each category: about other seeds on these products alone.
    """
    at = _setting(runs, dataset, preset)
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
    printed = _printed(effect.target, "mvtec")
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
    verdict = "helps" if low > 0 else "harms" if high < 0 else "not told apart"
    agree = int((np.sign(values) == np.sign(mean)).sum())
    return len(values), agree, mean, mean - alone, mean + alone, low, high, verdict


def made_with(runs: pd.DataFrame) -> str:
    """Hardware, dates and commits of runs, in one line."""
    if runs.empty:
        return "not run yet"
    days = sorted({date[:10] for date in runs["date"]})
    commits = sorted({_short(commit) for commit in runs["commit"].fillna("none")})
    when = days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"
    hardware = "; ".join(sorted(set(runs["hardware"])))
    with_own = "".join(f"; with {told}" for told in sorted(set(runs["given"])) if told)
    return f"{len(runs)} runs; {hardware}; {when}; commits {', '.join(commits)}{with_own}"


def _short(commit: str) -> str:
    """Seven digits, and the mark of changes that were not committed."""
    return commit[:7] + "+" * commit.endswith("+")


def runs_of(target: str, runs: pd.DataFrame, dataset: str, preset: str) -> pd.DataFrame:
    """The runs behind a table, in the order of its rows."""
    order = TARGETS[target].variants
    of = _setting(runs, dataset, preset)
    of = of[of["variant"].isin(order)]
    of = of.assign(rank=of["variant"].map(order.index), name=of["category"].map(_natural))
    return of.sort_values(["rank", "name", "seed"]).drop(columns=["rank", "name"])
