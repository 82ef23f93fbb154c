"""Tables of PRN and its rivals: differences, how many seeds agree on them, costs."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from prn_lib.evaluation.metrics import METRICS
from prn_lib.runs.results import Result
from prn_lib.runs.summaries import NO_MASKS, TITLES
from prn_lib.studies.rivals import NAMES, method_of


def product_names(compared: pd.DataFrame) -> pd.Series:
    """What to call each row's product: "bottle, 128 px", "mono, 128 px, no masks"."""
    return pd.Series(
        [
            f"{row.category if row.category != 'all' else row.dataset.replace('_', ' ')}, "
            f"{row.size} px" + (", no masks" if row.outlined == 0 else "")
            for row in compared.itertuples()
        ],
        index=compared.index,
    )


def differences_table(compared: pd.DataFrame, metric: str) -> pd.DataFrame:
    """A row for each product: PRN's mean in percent, then PRN minus each rival.

    ``compared`` is that of :func:`prn_lib.studies.rivals.compare_rivals`. Differences are means
    over the seeds that both have; "?" marks those whose sign the seeds do not agree on, "*"
    those of one seed alone. Products without masks have words in the place of pixels' numbers.
    """
    part = compared[compared["metric"] == metric].assign(product=lambda t: product_names(t))
    most = part.sort_values("seeds", ascending=False, kind="stable").drop_duplicates("product")
    ours = most.set_index("product")["PRN"]
    told = part.assign(told=[_difference(row) for row in part.itertuples()])
    table = told.pivot(index="product", columns="method", values="told")
    order, methods = (list(dict.fromkeys(part[name])) for name in ("product", "method"))
    table = table.reindex(index=order, columns=methods).rename(columns=NAMES).fillna("not run")
    shown = [NO_MASKS if pd.isna(ours[name]) else f"{ours[name]:.1f}" for name in order]
    table.insert(0, NAMES["prn"], shown)
    return table.rename_axis(index=None, columns=None)


def _difference(row: Any) -> str:
    if pd.isna(row.difference):
        return NO_MASKS
    doubt = " ?" if row.low * row.high < 0 else ""
    return f"{row.difference:+.1f}" + (" *" if row.seeds == 1 else doubt)


def count_verdicts(compared: pd.DataFrame) -> pd.DataFrame:
    """A row for each rival: "ahead / open / behind", the number of products, for each metric.

    PRN is ahead where it is with every seed, of at least two, and behind where the rival is.
    """
    known = compared[(compared["seeds"] > 1) & compared["difference"].notna()]
    rows = {}
    for method, part in known.groupby("method", sort=False):
        cells = {}
        for metric in METRICS:
            here = part[part["metric"] == metric]
            ahead, behind = int((here["low"] > 0).sum()), int((here["high"] < 0).sum())
            cells[TITLES[metric]] = f"{ahead} / {len(here) - ahead - behind} / {behind}"
        rows[NAMES[method]] = cells
    return pd.DataFrame.from_dict(rows, orient="index")


def costs_table(results: Sequence[Result], dataset: str, category: str, size: int) -> pd.DataFrame:
    """What one product's runs at ``size`` pixels cost, a row for each method, of its lowest seed.

    Minutes of preparing and training, milliseconds an image of the test (in batches, metrics
    included), the most memory that the process held, and the size of what is kept. Runs that did
    not record memory are passed over. Raises ValueError if none did.
    """
    rows: dict[str, dict[str, float]] = {}
    for result in sorted(results, key=lambda result: result.experiment.seed):
        e, made = result.experiment, result.provenance
        method = method_of(result)
        if (e.dataset, e.category, e.image_size) != (dataset, category, size) or method is None:
            continue
        if NAMES[method] in rows or not made.get("model_bytes"):
            continue
        seconds = made["seconds"]
        rows[NAMES[method]] = {
            "preparing, min": seconds["prepare"] / 60,
            "training, min": seconds["train"] / 60,
            "testing, ms an image": 1000 * seconds["test"] / len(result.scores),
            "memory, GB": made["peak_bytes"] / 1e9,
            "on disk, MB": made["model_bytes"] / 1e6,
        }
    if not rows:
        raise ValueError(
            f"no run of {dataset}/{category} at {size} px recorded what it cost: run it again"
        )
    return pd.DataFrame.from_dict(rows, orient="index").round(1)


def networks_table(path: Path) -> pd.DataFrame:
    """PRN's network and the plain one, from a record of ``benchmarks/plain_training.py``.

    A row for each run: the four metrics in percent, minutes of training, milliseconds an image of
    the test, and millions of trained numbers.
    """
    runs = pd.json_normalize(json.loads(path.read_text())["runs"])
    runs = runs.sort_values(["network", "seed"], ignore_index=True)
    names = runs["network"].map({"library": "PRN", "plain": "plain"})
    shown = {TITLES[metric]: 100 * runs[f"metrics.{metric}"] for metric in METRICS}
    shown["training, min"] = runs["seconds.train"] / 60
    shown["testing, ms an image"] = 1000 * runs["seconds.test"] / runs["test_images"]
    shown["trained, millions"] = runs["trainable_millions"]
    rows = names + ", seed " + runs["seed"].astype(str)
    return pd.DataFrame(shown).set_axis(rows).rename_axis(None).round(1)
