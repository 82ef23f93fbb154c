"""Runs on record as rows of a table: the setting of each, and what was given to it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from prn_lib.common.paths import project_folder
from prn_lib.datasets import DATASETS
from prn_lib.evaluation.metrics import METRICS
from prn_lib.paper.variants import given, setting_of, variant_of
from prn_lib.runs.experiment import PRESETS
from prn_lib.runs.results import OWN_FIRST, Result, find_results


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


def settings_of(runs: pd.DataFrame, dataset: str) -> list[str]:
    """The settings (column ``preset``) in which a dataset was run, the paper's own first."""
    names = runs.loc[runs["dataset"] == dataset, "preset"].unique()
    order = list(PRESETS)
    return sorted(names, key=lambda name: (order.index(name.split(", ")[0]), len(name), name))


def in_setting(runs: pd.DataFrame, dataset: str, preset: str) -> pd.DataFrame:
    """The runs of a dataset in a preset; runs that were given most, as the paper's, if they differ.

    A run with textures of one's own is never held against one without.
    """
    of = runs[(runs["dataset"] == dataset) & (runs["preset"] == preset)]
    if of["given"].nunique() < 2:
        return of
    counts = of["given"].value_counts()
    most = max(counts.index, key=lambda told: (len(told.split(", ")) * bool(told), counts[told]))
    return of[of["given"] == most]


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
