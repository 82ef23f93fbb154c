"""Tables of finished runs."""

import dataclasses
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from prn_lib.datasets.sample import GOOD
from prn_lib.evaluation.metrics import METRICS, auroc
from prn_lib.runs.experiment import Experiment
from prn_lib.runs.results import Result

TITLES = {
    "image_auroc": "image AUROC",
    "pixel_auroc": "pixel AUROC",
    "pro": "PRO",
    "pixel_ap": "pixel AP",
}
NO_MASKS, UNDEFINED = "no masks", "not defined"


def results_table(results: Sequence[Result]) -> pd.DataFrame:
    """One row a run with the four metrics in percent; the last row is their mean.

    Raises ValueError if there is no run.
    """
    if not results:
        raise ValueError("there is no finished run to tabulate; 'prn run' makes one")
    rows = [
        {
            "category": result.experiment.category,
            "run": result.experiment.run_name,
            **{TITLES[name]: 100 * result.metrics[name] for name in METRICS},
            "minutes": sum(result.provenance["seconds"].values()) / 60,
        }
        for result in results
    ]
    table = pd.DataFrame(rows)
    mean = {"category": "mean", "run": "", **table.mean(numeric_only=True)}
    table = pd.concat([table, pd.DataFrame([mean])], ignore_index=True).round(1)
    for name, title in TITLES.items():
        table[title] = [percent_or_word(name, value) for value in table[title]]
    return table


def percent_or_word(metric: str, percent: float) -> float | str:
    """A metric in percent, to a tenth, or why the test set does not define it."""
    if not np.isnan(percent):
        return round(percent, 1)
    return UNDEFINED if metric == "image_auroc" else NO_MASKS


def compare_option(results: Sequence[Result], option: str) -> pd.DataFrame:
    """What another value of ``option`` changes in runs that differ from their preset in it alone.

    Only pairs are counted: category and seed must have been run with every value; a value that was
    run with fewer than two of the preset's is passed over. A row for each value, the preset's
    first, has the mean metrics in percent; a row for each other value has the mean of the pairs'
    differences and its standard error. Raises ValueError without two pairs.
    """
    groups: dict[Any, dict[tuple[str, str, str, int], Result]] = {}
    for result in results:
        e = result.experiment
        usual = getattr(Experiment.from_preset(e.preset), option)
        plain = dataclasses.replace(e, **{option: usual})
        if plain.run_name == f"{e.preset}-seed{e.seed}":
            run = (e.dataset, e.category, e.preset, e.seed)
            groups.setdefault(usual, {})  # the preset's value comes first
            groups.setdefault(getattr(e, option), {})[run] = result
    first = next(iter(groups), None)
    groups = {
        value: made for value, made in groups.items() if len(set(made) & set(groups[first])) > 1
    }
    pairs = sorted(set.intersection(*(set(made) for made in groups.values())) if groups else [])
    if len(groups) < 2 or len(pairs) < 2:
        raise ValueError(f"there are no runs to compare values of {option!r} with")
    values = {
        value: 100 * np.array([[made[run].metrics[name] for name in METRICS] for run in pairs])
        for value, made in groups.items()
    }
    first, *others = values
    rows = {str(value): [f"{m:.1f}" for m in table.mean(0)] for value, table in values.items()}
    for other in others:
        differences = values[other] - values[first]
        errors = differences.std(0, ddof=1) / len(pairs) ** 0.5
        rows[f"{other} - {first}"] = [
            f"{mean:+.1f} ± {error:.1f}"
            for mean, error in zip(differences.mean(0), errors, strict=True)
        ]
    columns = [TITLES[name] for name in METRICS]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=columns)
    return table.rename_axis(f"{option}, {len(pairs)} pairs")


def auroc_by_type(result: Result) -> pd.Series:
    """Image AUROC of each kind of defect against all normal test images, a fraction, by its name.

    NaN where the test set has no normal image.
    """
    normal = [entry["score"] for entry in result.scores if entry["defect"] == GOOD]
    kinds: dict[str, list[float]] = defaultdict(list)
    for entry in result.scores:
        if entry["defect"] != GOOD:
            kinds[entry["defect"]].append(entry["score"])
    found = {
        kind: auroc(np.repeat([0, 1], [len(normal), len(own)]), np.array([*normal, *own]))
        for kind, own in sorted(kinds.items())
    }
    return pd.Series(found, dtype=float)
