"""The paper's tables beside our runs, the effects of PRN's parts, and links to the records."""

import html
from pathlib import Path
from typing import Any
from urllib.parse import quote

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from prn_lib.evaluation.metrics import METRICS
from prn_lib.figures.base import Picture, picture
from prn_lib.paper.comparison import row_labels
from prn_lib.paper.printed import paper_metrics
from prn_lib.paper.variants import VARIANTS
from prn_lib.runs.summaries import TITLES

NOT_RUN = "not run yet"
HIGHER, LOWER = (116, 173, 209), (253, 174, 97)  # blue and orange, told apart without red or green
FULL_COLOUR = 10.0  # a difference in percentage points from which on the colour is full
CONTRADICTS = "contradicts<br>the paper"
VERDICTS = {  # colour and mark
    "helps": ("#2166ac", "o"),
    "harms": ("#b35806", "s"),
    "undecided": ("#666666", "|"),
}


class Html:
    """A part of a page."""

    def __init__(self, text: str) -> None:
        self.text = text

    def _repr_html_(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"<{len(self.text)} characters of HTML>"


def show_table(compared: pd.DataFrame, paper_of: str | None = None) -> Html:
    """A table of ``prn_lib.paper.compare``: paper, ours and difference, two metrics abreast.

    Ours is the mean over seeds and, of two or more, their standard deviation. ``paper_of`` names
    the dataset of the paper's numbers if ours are of another one: the header says so, and there
    are no differences. Where the paper has no numbers, ours stand alone, four metrics abreast.
    Rows that were not run are folded away.
    """
    named = compared.assign(label=row_labels(compared))
    run, waiting = named[named["seeds"] > 0], named[named["seeds"] == 0]
    shown = "" if run.empty else _parts(run, paper_of)
    if waiting.empty:
        return Html(shown)
    count = waiting["label"].nunique()
    title = f"{count} row{'s' if count > 1 else ''} {NOT_RUN}"
    folded = f"<details><summary>{title}</summary>{_parts(waiting, paper_of)}</details>"
    return Html(f"{shown}\n{folded}")


def _parts(named: pd.DataFrame, paper_of: str | None) -> str:
    """HTML tables of the rows, two or four metrics abreast."""
    metrics = list(named["metric"].unique())
    abreast = 2 if named["paper"].notna().any() else len(METRICS)
    parts = [metrics[k : k + abreast] for k in range(0, len(metrics), abreast)]
    return "\n".join(_part(named, part, paper_of) for part in parts)


def _part(named: pd.DataFrame, metrics: list[str], paper_of: str | None) -> str:
    """One HTML table of some metrics."""
    columns: dict[tuple[str, str], list[Any]] = {}
    for metric in metrics:
        of = named[named["metric"] == metric].set_index("label")
        cells = {"ours": [_ours(row) for row in of.itertuples()]}
        if of["paper"].notna().any():
            told = f"paper, {paper_of}" if paper_of else "paper"
            cells = {told: [_number(value) for value in of["paper"]], **cells}
            if not paper_of:
                cells["difference"] = [_difference(value) for value in of["difference"]]
        columns |= {(TITLES[metric], name): column for name, column in cells.items()}
    columns["seeds", ""] = of["seeds"].tolist()
    one_line = {title: column for (title, _), column in columns.items()}
    shown = one_line if named["paper"].isna().all() else columns  # one line of header is enough
    table = pd.DataFrame(shown, index=[html.escape(label) for label in of.index])
    return table.to_html(escape=False, border=0, classes="results")


def _ours(row: Any) -> str:
    if not row.seeds:
        return f"<i>{NOT_RUN}</i>"
    spread = row.seeds > 1 and not np.isnan(row.ours)
    return _number(row.ours) + (f" ± {row.deviation:.1f}" if spread else "")


def _number(value: float) -> str:
    return "" if np.isnan(value) else f"{value:.1f}"


def _signed(value: float) -> str:
    return f"{value:+.1f}".replace("-", "\N{MINUS SIGN}")


def _difference(value: float) -> str:
    if np.isnan(value):
        return ""
    strength = min(abs(value) / FULL_COLOUR, 1)
    hue = HIGHER if value > 0 else LOWER
    rgb = ", ".join(str(round(255 + strength * (channel - 255))) for channel in hue)
    style = f"background: rgb({rgb}); color: black; padding: 0.1em 0.3em"
    return f'<span style="{style}">{_signed(value)}</span>'


def show_seeds(runs: pd.DataFrame) -> Picture:
    """One panel a metric, one row a category of a dataset: a ring each run, a diamond the paper's.

    ``runs`` are rows of ``prn_lib.paper.all_runs``.
    """
    groups = list(runs.groupby(["dataset", "category", "preset"]))
    names = [f"{d} {c}, {p}".replace("_", " ") for (d, c, p), _ in groups]
    figure, axes = plt.subplots(
        1, 4, figsize=(7.4, 0.28 * len(groups) + 1.1), sharey=True, layout="constrained"
    )
    for axis, metric in zip(axes, METRICS, strict=True):
        for place, ((dataset, category, _), group) in enumerate(groups):
            axis.plot(group[metric], [place] * len(group), "o", color="#2166ac", fillstyle="none")
            printed = paper_metrics(dataset, category)
            if printed:
                axis.plot(100 * printed[metric], place, "D", color="black", markersize=4)
        axis.set(yticks=range(len(groups)), yticklabels=names)
        axis.set_xlim(right=101)  # the left end is where the lowest run is
        axis.locator_params(axis="x", nbins=4)
        axis.set_title(TITLES[metric], fontsize=8)
        axis.grid(alpha=0.3)
        axis.spines[["top", "right"]].set_visible(False)
    axes[0].set_ylim(len(groups) - 0.5, -0.5)
    axes[0].tick_params(axis="y", labelsize=8)
    figure.supxlabel("percent", fontsize=9)
    seen = "; ".join(
        f"{name}: image AUROC from {group['image_auroc'].min():.0f} to "
        f"{group['image_auroc'].max():.0f} in {len(group)} runs"
        for name, (_, group) in zip(names, groups, strict=True)
    )
    return picture(
        figure,
        "Four panels, one a metric, with a ring for each run of PRN and a black diamond where the "
        f"paper prints a number. {seen}.",
    )


def show_effects(effects: pd.DataFrame) -> Picture:
    """A forest plot of ``prn_lib.paper.differences.effects``: means and 95% intervals against 0.

    The thick bar is the interval alone, the thin one that of all comparisons together. A diamond is
    the paper's difference, if any is known. Intervals wider than the panel end in an arrow.
    """
    names = list(effects["effect"].unique())
    figure, axes = plt.subplots(
        2, 2, figsize=(7.2, 0.46 * len(names) + 1.6), sharey=True, layout="constrained"
    )
    for axis, metric in zip(axes.flat, METRICS, strict=True):
        axis.axvline(0, color="black", linewidth=0.8)
        of = effects[effects["metric"] == metric]
        reach = 1.15 * max(5.0, of[["mean", "paper"]].abs().max().max())
        for row in of.itertuples():
            _draw_effect(axis, names.index(row.effect), row, reach)
        axis.set(xlim=(-reach, reach), yticks=range(len(names)), yticklabels=names)
        axis.set_title(TITLES[metric], fontsize=10)
        axis.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        axis.grid(axis="y", alpha=0.25)
        axis.spines[["top", "right"]].set_visible(False)
    axes[0, 0].set_ylim(len(names) - 0.5, -0.5)
    figure.supxlabel("with it minus without it, in percentage points", fontsize=9)
    figure.legend(
        handles=_legend(effects), loc="outside upper center", ncols=4, fontsize=9, frameon=False
    )
    return picture(figure, _effects_alt(effects))


def _draw_effect(axis: Axes, place: int, row: Any, reach: float) -> None:
    axis.plot(row.paper, place, "D", color="black", fillstyle="none", markersize=5)
    if row.verdict not in VERDICTS:
        return
    colour, mark = VERDICTS[row.verdict]
    for low, high, width in ((row.low, row.high, 1.0), (row.single_low, row.single_high, 3.0)):
        ends = np.clip([low, high], -reach, reach)
        axis.plot(ends, [place, place], color=colour, linewidth=width, solid_capstyle="butt")
    axis.plot(row.mean, place, mark, color=colour, markersize=7 if mark == "|" else 5)
    for end, limit, arrow in ((row.low, -reach, "<"), (row.high, reach, ">")):
        if abs(end) > reach:
            axis.plot(limit, place, arrow, color=colour, markersize=4, clip_on=False)


def _legend(effects: pd.DataFrame) -> list[Line2D]:
    ours = [
        Line2D([], [], color=colour, marker=mark, label=verdict)
        for verdict, (colour, mark) in VERDICTS.items()
    ]
    if effects["paper"].isna().all():
        return ours
    paper: dict[str, Any] = {
        "color": "black",
        "marker": "D",
        "fillstyle": "none",
        "linestyle": "none",
    }
    return [*ours, Line2D([], [], label="the paper's difference", **paper)]


def _effects_alt(effects: pd.DataFrame) -> str:
    told = []
    for verdict in ("helps", "harms"):
        of = effects[effects["verdict"] == verdict]
        pairs = [f"{row.effect} in {TITLES[row.metric]}" for row in of.itertuples()]
        told.append(f"{verdict}: {', '.join(pairs) or 'none'}")
    run = int((effects["pairs"] > 1).sum())
    paper = ", beside the paper's differences, which are diamonds"
    return (
        f"Forest plot of {effects['effect'].nunique()} effects in four metrics, a mean and an "
        f"interval for {run} of {len(effects)}, against 0"
        f"{'' if effects['paper'].isna().all() else paper}. "
        f"Corrected intervals without 0: {'; '.join(told)}."
    )


def show_verdicts(effects: pd.DataFrame) -> Html:
    """A row each effect: the paper's difference, ours and its verdict, and where they contradict.

    ``effects`` are those of ``prn_lib.paper.differences.effects``.
    """
    rows = {}
    for effect, of in effects.groupby("effect", sort=False):
        cells = {TITLES[row.metric]: _verdict(row) for row in of.itertuples()}
        against = [TITLES[metric] for metric in of.loc[of["contradicts"], "metric"]]
        name = f"{html.escape(effect)}<br><small>{of['pairs'].iloc[0]} pairs</small>"
        run = (of["pairs"] > 1).any()
        rows[name] = cells | {CONTRADICTS: ("<br>".join(against) or "no") if run else ""}
    table = pd.DataFrame.from_dict(rows, orient="index")
    return Html(table.to_html(escape=False, border=0, classes="results verdicts"))


def _verdict(row: Any) -> str:
    paper = f"paper: {_signed(row.paper)}"
    if np.isnan(row.mean):
        return f"{paper}<br><i>{NOT_RUN}</i>"
    verdict = row.verdict if row.verdict == "undecided" else f"<b>{row.verdict}</b>"
    return f"{paper}<br>here: {_signed(row.mean)}<br>{verdict}"


def show_runs(runs: pd.DataFrame) -> Html:
    """A folded list of links to the records of ``runs``, rows of ``prn_lib.paper.all_runs``.

    The links hold in the built book, where a record's name is shown too.
    """
    if runs.empty:
        return Html(f"<p><i>{NOT_RUN}</i></p>")
    items = []
    for variant, of in runs.groupby("variant", sort=False):
        named = [
            f"{html.escape(f'{category}'.replace('_', ' '))} "
            + ", ".join(_link(row) for row in group.itertuples())
            for category, group in of.groupby("category", sort=False)
        ]
        items.append(f"<li>{html.escape(VARIANTS[variant].title)}: {'; '.join(named)}</li>")
    count = f"{len(runs)} record{'s' if len(runs) > 1 else ''}"
    return Html(
        f"<details><summary>{count}; a number is a run's seed</summary>"
        f"<ul>{''.join(items)}</ul></details>"
    )


def _link(row: Any) -> str:
    place = Path(row.folder).parts[-4:]
    path = html.escape("/".join((*place, "result.json")))
    address = html.escape(quote("/".join(("..", "records", *place[1:], "result.json"))))
    return f'<a href="{address}" title="{path}">{row.seed}</a>'
