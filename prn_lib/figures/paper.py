"""What the paper prints, checked: differences of averages, doubtful places, how it was read."""

import html
from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from prn_lib.figures.base import Picture, picture
from prn_lib.figures.tables import Html
from prn_lib.paper.readings import Reading

HALF_UNIT = 0.05  # of the last printed digit


def show_differences(averages: pd.DataFrame) -> Picture:
    """Printed minus recomputed averages of ``prn_lib.paper.averages``, a row of dots a table.

    The band is what rounding the average alone can do; equal differences are stacked.
    """
    tables = list(averages["table"].unique())
    figure, axis = plt.subplots(figsize=(7, 0.9 + 0.75 * len(tables)))
    axis.axvspan(-HALF_UNIT, HALF_UNIT, color="C0", alpha=0.12)
    for row, number in enumerate(tables):
        of = averages.loc[averages["table"] == number, "difference"].round(3).sort_values()
        rank = of.groupby(of).cumcount()
        step = min(0.09, 0.75 / (rank.max() + 1))
        axis.plot(of, row + 0.35 - step * rank, ".", color="C0", markersize=5)
    axis.axvline(0, color="0.6", linewidth=0.8)
    names = [f"Table {number}" for number in tables]
    axis.set(yticks=range(len(tables)), yticklabels=names, ylim=(len(tables) - 0.4, -0.6))
    axis.set(xlabel="printed average minus the mean of its printed rows, in percentage points")
    axis.spines[["top", "right"]].set_visible(False)
    outside = int((averages["difference"].abs() > HALF_UNIT + 1e-4).sum())
    farthest = averages["difference"].abs().max()
    return picture(
        figure,
        f"{len(averages)} dots, one for each printed average of {len(tables)} tables, by what it "
        f"has more than the mean of its rows. A band marks rounding, from -{HALF_UNIT} to "
        f"{HALF_UNIT}; {outside} dots lie outside, the farthest at {farthest:.3f}.",
    )


def show_doubtful(cases: pd.DataFrame) -> Html:
    """Rows of ``prn_lib.paper.printed.doubtful`` as a table of words."""
    text = ["the text" if table == "text" else f"Table {table}" for table in cases["table"]]
    return show_words(
        {
            "where": [f"{t}: {place}" for t, place in zip(text, cases["place"], strict=True)],
            "printed": [_copies(case.english, case.chinese) for case in cases.itertuples()],
            "taken": [taken or "nothing" for taken in cases["taken"]],
            "why": list(cases["why"]),
        }
    )


def _copies(english: str, chinese: str) -> str:
    if english == chinese:
        return english or "nothing"
    return f"English: {english or 'nothing'}; Chinese: {chinese or 'nothing'}"


def show_readings(readings: Sequence[Reading]) -> Html:
    """How the paper was read, as a table of words; the last column links to chapters."""
    return show_words(
        {
            "place": [r.place for r in readings],
            "difficulty": [r.difficulty for r in readings],
            "what we do": [r.choice for r in readings],
            "option": [_option(r) for r in readings],
            "chapter": [r.chapter for r in readings],
        },
        links={r.chapter: f"{r.chapter}.html" for r in readings if r.chapter},
    )


def _option(reading: Reading) -> str:
    if not reading.option:
        return "none"
    others = " or ".join(str(value) for value in reading.alternatives)
    return f"{reading.option} = {reading.default}; or {others}"


def show_words(
    columns: Mapping[str, Sequence[str]], links: Mapping[str, str] | None = None
) -> Html:
    """A table of words, whose cells wrap; on a narrow screen each row becomes a block.

    A cell whose text is in ``links`` becomes a link.
    """
    links = links or {}
    names = [html.escape(name) for name in columns]
    head = "".join(f"<th>{name}</th>" for name in names)
    rows = []
    for cells in np.transpose([*columns.values()]).tolist():
        told = [
            f'<td data-name="{name}">{_linked(cell, links)}</td>'
            for name, cell in zip(names, cells, strict=True)
        ]
        rows.append(f"<tr>{''.join(told)}</tr>")
    return Html(
        f'<table class="words"><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table>'
    )


def _linked(text: str, links: Mapping[str, str]) -> str:
    shown = html.escape(text)
    return f'<a href="{html.escape(links[text])}">{shown}</a>' if text in links else shown
