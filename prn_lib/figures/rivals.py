"""The figure of PRN beside its rivals, product by product."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes

from prn_lib.figures.base import Picture, draw_image, draw_outline, image_grid, picture
from prn_lib.runs.summaries import TITLES
from prn_lib.studies.rival_tables import product_names
from prn_lib.studies.rivals import NAMES

MARKERS = ("D", "s", "^", "v", "P", "X", "*")  # of the rivals, told apart without colours too


def show_methods(compared: pd.DataFrame) -> Picture:
    """A panel for each metric, a row for each product: PRN's dot and a marker for each rival.

    ``compared`` is that of :func:`prn_lib.studies.rivals.compare_rivals`.
    """
    compared = compared.assign(product=product_names(compared))
    rows = list(dict.fromkeys(compared["product"]))
    styles = dict(zip(dict.fromkeys(compared["method"]), MARKERS, strict=False))
    figure, axes = plt.subplots(
        1, len(TITLES), figsize=(7.2, 1.1 + 0.3 * len(rows)), sharey=True, layout="constrained"
    )
    told = []
    for axis, (metric, title) in zip(axes, TITLES.items(), strict=True):
        part = compared[compared["metric"] == metric].dropna(subset=["PRN"])
        told.append(f"{title}: {_draw_metric(axis, part, rows, styles)}")
        axis.set_title(title, fontsize=9)
        axis.tick_params(labelsize=8)
        axis.grid(alpha=0.3)
        axis.spines[["top", "right"]].set_visible(False)
    axes[0].set_yticks(range(len(rows)), rows, fontsize=8)
    axes[0].set_ylim(len(rows) - 0.5, -0.5)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=5, fontsize=9, frameon=False)
    return picture(figure, f"Marks of PRN and its rivals, in percent. {'. '.join(told)}.")


def _draw_metric(axis: Axes, part: pd.DataFrame, rows: list[str], styles: dict[str, str]) -> str:
    """Draw one metric's panel; returns its numbers in words."""
    place = {name: k for k, name in enumerate(rows)}
    ours = part.drop_duplicates("product").set_index("product")["PRN"]
    axis.plot(ours, [place[name] for name in ours.index], "o", color="C0", ms=7, label="PRN")
    words = {name: [f"PRN {value:.1f}"] for name, value in ours.items()}
    for k, (method, marker) in enumerate(styles.items(), start=1):
        found = part[part["method"] == method]
        y = [place[name] for name in found["product"]]
        name = NAMES[method]
        axis.plot(found["rival"], y, marker, color=f"C{k}", mfc="none", ms=6, label=name)
        for product, value in zip(found["product"], found["rival"], strict=True):
            words[product].append(f"{name} {value:.1f}")
    return "; ".join(f"{product}: {', '.join(numbers)}" for product, numbers in words.items())


def _draw_lines(axis: Axes, here: pd.DataFrame) -> list[str]:
    """Draw a line with its band for each method; returns their numbers in words."""
    told = []
    for k, (method, line) in enumerate(here.groupby("method", sort=False)):
        marker = ("o", *MARKERS)[k]
        axis.plot(
            line["count"], line["mean"], marker=marker, color=f"C{k}", ms=4, label=NAMES[method]
        )
        axis.fill_between(line["count"], line["low"], line["high"], color=f"C{k}", alpha=0.2, lw=0)
        numbers = [f"{m:.1f} of {n}" for n, m in zip(line["count"], line["mean"], strict=True)]
        told.append(f"{NAMES[method]}: {', '.join(numbers)}")
    axis.grid(alpha=0.3)
    return told


def show_quality_and_cost(compared: pd.DataFrame, metrics: Sequence[str]) -> Picture:
    """A panel for each of ``metrics``: what each method reaches, and what a run of it takes.

    ``compared`` is that of :func:`prn_lib.studies.rivals.compare_rivals`. Marks are means over the
    products that every method was run on.
    """
    compared = compared.assign(product=product_names(compared))
    methods = list(dict.fromkeys(compared["method"]))
    counts = compared.groupby("product")["method"].nunique()
    shared = [name for name in counts.index if counts[name] == len(methods)]
    compared = compared[compared["product"].isin(shared)]
    figure, axes = plt.subplots(
        1, len(metrics), figsize=(7.2, 3.2), squeeze=False, sharex=True, layout="constrained"
    )
    told = []
    for axis, metric in zip(axes[0], metrics, strict=True):
        part = compared[compared["metric"] == metric].groupby("method", sort=False)
        means = part[["PRN", "rival", "PRN min", "rival min"]].mean()
        points = {NAMES["prn"]: (means["PRN min"].iloc[0], means["PRN"].iloc[0])}
        points |= {NAMES[m]: (row["rival min"], row["rival"]) for m, row in means.iterrows()}
        by_cost = sorted(points, key=lambda name: points[name][0])
        for k, (name, (minutes, value)) in enumerate(points.items()):
            above = by_cost.index(name) % 2 == 0  # neighbours' names keep out of each other's way
            marker = ("o", *MARKERS)[k]
            axis.plot(minutes, value, marker, color=f"C{k}", ms=8, mfc="C0" if k == 0 else "none")
            axis.annotate(
                name,
                (minutes, value),
                (0, 7 if above else -7),
                textcoords="offset points",
                fontsize=8,
                ha="center",
                va="bottom" if above else "top",
            )
            told.append(f"{TITLES[metric]} of {name} {value:.1f} in {minutes:.1f} min")
        axis.set(xscale="log", xlabel="minutes of one processor core")
        axis.set_title(f"{TITLES[metric]}, %", fontsize=10)
        axis.xaxis.set_major_formatter("{x:g}")
        axis.tick_params(labelsize=8)
        axis.grid(alpha=0.3)
        axis.margins(x=0.2, y=0.15)
        axis.spines[["top", "right"]].set_visible(False)
    products = ", ".join(shared)
    return picture(figure, f"Quality and cost, means over {products}. {'; '.join(told)}.")


def show_decisions(cases: pd.DataFrame, rival: str, columns: int) -> Picture:
    """A column for each case: the photograph with its outline, PRN's score map, the rival's.

    ``cases`` has :func:`prn_lib.studies.rivals.outranked`'s columns with ``category``, ``image``
    ``(3, S, S)`` uint8, ``mask`` ``(1, S, S)`` and ``maps``, a pair of ``(S, S)`` in [0, 1]. Each
    map has its own scale. ``columns`` stand beside each other.
    """
    bands = -(-len(cases) // columns)
    figure, axes = image_grid(3 * bands, columns)
    told = []
    for k, case in enumerate(cases.itertuples()):
        column = axes[3 * (k // columns) : 3 * (k // columns) + 3, k % columns]
        draw_image(column[0], case.image, f"{case.category}, {case.defect}")
        draw_outline(column[0], case.mask)
        shares = (case.PRN, case.rival)
        for axis, name, score_map, share in zip(
            column[1:], ("PRN", rival), case.maps, shares, strict=True
        ):
            axis.imshow(score_map, cmap="inferno")
            axis.set_title(f"{name}: {share:.0f}% above", fontsize=8)
        told.append(
            f"{case.category}, {case.defect}: PRN {case.PRN:.0f}%, {rival} {case.rival:.0f}%"
        )
    return picture(
        figure,
        f"Defects with the score maps of PRN and of {rival}, and the share of good images that "
        f"score higher. {'; '.join(told)}.",
    )


def show_amounts(curve: pd.DataFrame, metrics: Sequence[str], counted: str) -> Picture:
    """A column for each category, a row for each of ``metrics``: percent by number of images.

    ``curve`` is that of :func:`prn_lib.studies.amounts.learning_curve`; a band spans the seeds.
    ``counted`` names what the horizontal axis counts.
    """
    categories = list(dict.fromkeys(curve["category"]))
    figure, axes = plt.subplots(
        len(metrics),
        len(categories),
        figsize=(7.2, 0.6 + 1.6 * len(metrics)),
        squeeze=False,
        sharex="col",
        sharey="row",
        layout="constrained",
    )
    told = []
    for row, metric in zip(axes, metrics, strict=True):
        row[0].set_ylabel(f"{TITLES[metric]}, %", fontsize=8)
        for axis, category in zip(row, categories, strict=True):
            here = curve[(curve["metric"] == metric) & (curve["category"] == category)]
            axis.set_xticks(sorted(set(here["count"])))
            axis.tick_params(labelsize=8)
            axis.spines[["top", "right"]].set_visible(False)
            if here["mean"].isna().all():
                axis.text(0.5, 0.5, "no masks", ha="center", transform=axis.transAxes, fontsize=8)
            else:
                told += [
                    f"{category}, {TITLES[metric]}, {line}" for line in _draw_lines(axis, here)
                ]
    for axis, category in zip(axes[0], categories, strict=True):
        axis.set_title(category, fontsize=9)
    figure.supxlabel(counted, fontsize=8)
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=4, fontsize=9, frameon=False)
    return picture(figure, f"Percent by {counted}. {'; '.join(told)}.")
