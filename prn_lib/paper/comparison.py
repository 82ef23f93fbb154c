"""The paper's tables beside our own runs: means and deviations over seeds."""

from functools import cache

import numpy as np
import pandas as pd

from prn_lib.common.checks import check_choice
from prn_lib.common.names import natural
from prn_lib.datasets import DATASETS
from prn_lib.evaluation.metrics import METRICS
from prn_lib.paper.printed import paper_metrics, read_table
from prn_lib.paper.records import in_setting
from prn_lib.paper.variants import TARGETS, VARIANTS
from prn_lib.runs.results import Result
from prn_lib.runs.summaries import TITLES, percent_or_word

AVERAGE = "average"
_BY_CATEGORY = ("table1", "table2", "table9", "table10", "reproduce")
_METRICS = {"table1": METRICS[:2], "table2": METRICS[2:]}  # which a table prints; others all four
_LABELS = {"table4": "variant", "table5": "variant", "table6": "ratio", "table7": "n_anomalies"}


def compare(target: str, runs: pd.DataFrame, dataset: str, preset: str) -> pd.DataFrame:
    """A table of the paper beside the runs of a dataset: a row for each printed row and metric.

    Columns: row, variant, metric, ``paper``, ``ours`` (the mean over seeds), ``deviation`` (their
    standard deviation), ``seeds`` (how many) and ``difference``; numbers in percent, NaN where
    there is none. An average over categories counts seeds that have run with all of them: those
    published, or else those on record. Beside another dataset, the paper's numbers of an ablation
    stand without a difference.
    """
    check_choice("target", target, TARGETS)
    of = in_setting(runs, dataset, preset)
    by_category = target in _BY_CATEGORY
    found = (_categories if by_category else _variants)(target, of, dataset)
    printed = printed_means(target, dataset)
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
    printed = [row for row, _ in printed_means(target, dataset) if row != AVERAGE]
    names = [*dict.fromkeys([*printed, *sorted(runs["category"], key=natural)])]
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


@cache
def printed_means(target: str, dataset: str) -> dict[tuple[str, str], float]:
    """PRN's numbers by (row, metric) in percent, to read; empty if the paper has no such table."""
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
    """The four metrics of one run in percent, the paper's, and the difference where it has them.

    A metric that the test set does not define is told in words.
    """
    ours = [100 * result.metrics[name] for name in METRICS]
    table = pd.DataFrame({"this run": ours}, index=[TITLES[name] for name in METRICS])
    printed = paper_metrics(result.experiment.dataset, result.experiment.category)
    if printed is not None:
        table["paper"] = [100 * printed[name] for name in METRICS]
        table["difference"] = table["this run"] - table["paper"]
    told = [percent_or_word(name, value) for name, value in zip(METRICS, ours, strict=True)]
    return table.round(1).assign(**{"this run": told})


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


def runs_of(target: str, runs: pd.DataFrame, dataset: str, preset: str) -> pd.DataFrame:
    """The runs behind a table, in the order of its rows."""
    order = TARGETS[target].variants
    of = in_setting(runs, dataset, preset)
    of = of[of["variant"].isin(order)]
    of = of.assign(rank=of["variant"].map(order.index), name=of["category"].map(natural))
    return of.sort_values(["rank", "name", "seed"]).drop(columns=["rank", "name"])
