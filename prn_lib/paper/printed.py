"""The paper's tables as data, from ``data/paper`` in a checkout of the project.

All numbers are in percent as printed, seconds apart; columns are named as in ``METRICS``. The rows
that the paper calls "Ours" have the method ``PRN``, and printed averages the category ``average``.
"""

from functools import cache
from pathlib import Path

import pandas as pd

from prn_lib.common.checks import check_choice
from prn_lib.common.paths import project_folder
from prn_lib.evaluation.metrics import METRICS

TABLES = tuple(str(number) for number in range(1, 11))
AVERAGED = (1, 2, 9, 10)  # the tables with a row of averages
ROUNDING = 0.0501  # half a unit of the last printed digit, and room for binary fractions
_TEXT = ("category", "method", "backbone", "evidence", "english", "chinese", "taken")


@cache
def _read(path: Path) -> pd.DataFrame:
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing; work in a checkout of the project")
    return pd.read_csv(path, dtype=dict.fromkeys(_TEXT, str), keep_default_na=False)


def _table(name: str) -> pd.DataFrame:
    return _read(project_folder() / "data" / "paper" / f"{name}.csv").copy()


def read_table(number: int) -> pd.DataFrame:
    """One of the paper's ten tables, a row for each category (or setting) and method.

    Raises ValueError for another number, FileNotFoundError outside a checkout of the project.
    """
    check_choice("table", str(number), TABLES)
    return _table(f"table{number}")


def doubtful() -> pd.DataFrame:
    """What is doubtful in the tables and in what the text says of them: columns are text.

    ``english`` and ``chinese`` are what the two copies of the text have, ``taken`` is what the
    tables here have, and ``why`` the reason. FileNotFoundError outside a checkout of the project.
    """
    return _table("doubtful")


def averages() -> pd.DataFrame:
    """Every average that Tables 1, 2, 9 and 10 print, beside the mean of its rows, in percent.

    ``agrees`` is strict: printed and recomputed differ by no more than the rounding of the average
    itself, ``ROUNDING``, although the rows are rounded too, which allows for as much again.
    FileNotFoundError outside a checkout of the project.
    """
    return pd.concat([_averages(number) for number in AVERAGED], ignore_index=True)


def _averages(number: int) -> pd.DataFrame:
    table = read_table(number).melt(["category", "method"], var_name="metric", value_name="value")
    is_average = table["category"] == "average"
    keys = ["method", "metric"]
    printed = table[is_average].set_index(keys)["value"].rename("printed")
    recomputed = table[~is_average].groupby(keys)["value"].mean().rename("recomputed")
    both = printed.to_frame().join(recomputed).reset_index()
    both.insert(0, "table", number)
    both["difference"] = both["printed"] - both["recomputed"]
    return both.assign(agrees=both["difference"].abs() <= ROUNDING)


@cache
def own_results() -> dict[str, dict[str, dict[str, float]]]:
    """Dataset -> category -> metric -> fraction, of PRN; empty outside a checkout."""
    try:
        ksdd2 = read_table(8).query("dataset == 'ksdd2'").assign(category="all")
        mvtec = read_table(1).merge(read_table(2), on=["category", "method"])
        tables = {"mvtec": mvtec, "dagm": read_table(9), "btad": read_table(10), "ksdd2": ksdd2}
    except FileNotFoundError:
        return {}
    own = {k: t.query("method == 'PRN' and category != 'average'") for k, t in tables.items()}
    return {k: (t.set_index("category")[[*METRICS]] / 100).T.to_dict() for k, t in own.items()}


def paper_metrics(dataset: str, category: str) -> dict[str, float] | None:
    """The paper's four metrics of a category as fractions, or None.

    None if the paper has no such category, or if the tables are not at hand: the library is
    installed outside a checkout of the project.
    """
    return own_results().get(dataset, {}).get(category)
