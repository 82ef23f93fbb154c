"""How tables, effects and records are shown."""

import re
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup

from prn_lib import figures
from prn_lib.evaluation.metrics import METRICS
from prn_lib.paper.variants import EFFECTS, TARGETS, VARIANTS

EXTENSIONS = Path(__file__).parents[2] / "book" / "_ext"


def compared(*rows, metrics=METRICS):
    """Rows of (row, variant, paper, ours, deviation, seeds), alike in every metric."""
    names = ["row", "variant", "metric", "paper", "ours", "deviation", "seeds"]
    told = [(row[0], row[1], metric, *row[2:]) for row in rows for metric in metrics]
    table = pd.DataFrame(told, columns=names)
    return table.assign(difference=table["ours"] - table["paper"])


def soup(shown):
    return BeautifulSoup(shown._repr_html_(), "html.parser")


def rows_of(table):
    return {
        row.find("th").get_text(): [cell.get_text() for cell in row.find_all("td")]
        for row in table.find("tbody").find_all("tr")
    }


NONE = (np.nan, np.nan, 0)


def test_a_table_has_two_metrics_abreast_with_three_columns_each():
    table = compared(
        ("metal_nut", "prn", 99.0, 98.25, 1.5, 3), ("tile", "prn", 90, 91.0, np.nan, 1),
        ("wood", "prn", 97.8, *NONE),
    )  # fmt: skip
    shown = soup(figures.show_table(table))
    first, second, *folded = shown.find_all("table", class_="dataframe")
    assert rows_of(first) == {
        "metal nut": [
            "99.0",
            "98.2 ± 1.5",
            "\N{MINUS SIGN}0.8",
            "99.0",
            "98.2 ± 1.5",
            "\N{MINUS SIGN}0.8",
            "3",
        ],
        "tile": ["90.0", "91.0", "+1.0", "90.0", "91.0", "+1.0", "1"],
    }
    details = shown.find("details")
    assert "open" not in details.attrs
    assert details.find("summary").get_text() == "1 row not run yet"
    assert folded == details.find_all("table")
    assert rows_of(folded[0]) == {
        "wood": ["97.8", "not run yet", "", "97.8", "not run yet", "", "0"]
    }
    head = [cell.get_text() for cell in first.find("thead").find_all("th")]
    assert [t for t in head if t] == [
        "image AUROC", "pixel AUROC", "seeds", *["paper", "ours", "difference"] * 2,
    ]  # fmt: skip
    assert "PRO" in second.get_text()
    assert "pixel AP" in second.get_text()


def luminance(rgb):
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("difference", [-80, -10, -3, -0.1, 0.1, 3, 10, 80])
def test_differences_are_blue_above_and_orange_below_and_can_be_read(difference):
    table = compared(("a", "prn", 50, 50 + difference, np.nan, 1))
    mark = soup(figures.show_table(table)).find("span")
    red, _, blue = rgb = [int(c) / 255 for c in re.findall(r"\d+", mark["style"])[:3]]
    assert (blue > red) == (difference > 0)
    assert "color: black" in mark["style"]
    assert (luminance(rgb) + 0.05) / 0.05 >= 4.5
    assert mark.get_text()[0] == ("+" if difference > 0 else "\N{MINUS SIGN}")


def test_larger_differences_have_more_colour():
    table = compared(*[(str(k), "prn", 50, 50 - k, np.nan, 1) for k in (1, 5, 10, 40)])
    marks = soup(figures.show_table(table)).find("table").find_all("span")[::2]
    blues = [int(re.findall(r"\d+", mark["style"])[2]) for mark in marks]
    assert blues[0] > blues[1] > blues[2] == blues[3]


def test_the_papers_numbers_of_another_dataset_are_named_and_not_subtracted():
    table = compared(("row1", "unet", 97.4, 60, 2, 3), ("row5", "prn", 99.4, 70, 2, 3))
    shown = soup(figures.show_table(table, "MVTec"))
    assert shown.get_text().count("paper, MVTec") == 4
    assert "difference" not in shown.get_text()
    assert rows_of(shown)["row1: U-Net only"] == ["97.4", "60.0 ± 2.0"] * 2 + ["3"]


def test_without_the_papers_numbers_ours_stand_alone():
    table = compared(("weave", "prn", np.nan, 60, 2, 3))
    (shown,) = soup(figures.show_table(table)).find_all("table")
    assert rows_of(shown) == {"weave": ["60.0 ± 2.0"] * 4 + ["3"]}
    assert "paper" not in shown.get_text()


@pytest.mark.parametrize(
    ("target", "labels"),
    [
        (
            "table4",
            ["row1: U-Net only", "row2, read as MP + MF", "row2, read as MP",
             "row3, read as MSA + MF", "row3, read as MSA", "row4: MP + MSA", "row5: PRN"],
        ),
        ("table7", ["1 anomaly", "5 anomalies", "10: PRN"]),
        ("table6", ["0.05: 5%", "0.1: PRN", "0.2: 20%", "1.0: 100%"]),
    ],
)  # fmt: skip
def test_a_row_with_two_readings_names_both(target, labels):
    rows = [(row, v, 90, *NONE) for row, of in TARGETS[target].rows.items() for v in of]
    assert list(rows_of(soup(figures.show_table(compared(*rows))))) == labels


def measured(**verdicts):
    """Effects not run yet, but for those named, (mean, low, high, verdict) in image AUROC."""
    rows = []
    for name in EFFECTS:
        for metric in METRICS:
            told = (np.nan, np.nan, np.nan, "not run yet")
            if name in verdicts and metric == METRICS[0]:
                told = verdicts[name]
            mean, low, high, verdict = told
            pairs = 0 if np.isnan(mean) else 9
            rows.append((name, metric, 1.5, mean, low, high, pairs, verdict, verdict == "harms"))
    columns = ["effect", "metric", "paper", "mean", "low", "high", "pairs", "verdict"]
    table = pd.DataFrame(rows, columns=[*columns, "contradicts"])
    return table.assign(single_low=table["low"] + 0.5, single_high=table["high"] - 0.5)


FOUND = {
    "MP": (4, 2, 6, "helps"),
    "TA": (-3.1, -5, -1, "harms"),
    "EA": (1, -90, 9, "undecided"),
}


def test_verdicts_stand_beside_the_papers_sign():
    rows = rows_of(soup(figures.show_verdicts(measured(**FOUND))))
    assert len(rows) == len(EFFECTS)
    assert rows["TA9 pairs"][0] == "paper: +1.5here: \N{MINUS SIGN}3.1harms"
    assert rows["TA9 pairs"][-1] == "image AUROC"
    assert rows["MP9 pairs"][-1] == "no"
    assert rows["EA9 pairs"][0].endswith("undecided")
    assert rows["HOA0 pairs"] == ["paper: +1.5not run yet"] * 4 + [""]


def test_the_forest_plot_says_what_is_clear():
    picture = figures.show_effects(measured(**FOUND))
    assert picture.png.startswith(b"\x89PNG")
    assert f"Forest plot of {len(EFFECTS)} effects" in picture.alt
    assert "helps: MP in image AUROC; harms: TA in image AUROC." in picture.alt
    assert "interval for 3 of 48" in picture.alt
    assert "the paper's differences" in picture.alt
    unprinted = figures.show_effects(measured(**FOUND).assign(paper=np.nan))
    assert "paper" not in unprinted.alt
    nothing = figures.show_effects(measured())
    assert "helps: none; harms: none" in nothing.alt
    assert nothing.png != picture.png


def runs(*rows):
    """Runs of (dataset, category, preset, variant, seed, folder)."""
    names = ["dataset", "category", "preset", "variant", "seed", "folder"]
    table = pd.DataFrame(rows, columns=names)
    return table.assign(**dict.fromkeys(METRICS, 50.0 + 10 * table["seed"]))


def run_of(variant, category, seed, top="results"):
    folder = Path("/anywhere/a project") / top / "mini" / category / f"quick-seed{seed}"
    return ("mini", category, "quick", variant, seed, folder)


def test_records_are_linked_by_seed_in_groups():
    shown = soup(
        figures.show_runs(
            runs(run_of("unet", "weave", 0), run_of("prn", "my part", 0),
                 run_of("prn", "my part", 1, "runs"), run_of("prn", "weave", 2))
        )
    )  # fmt: skip
    details = shown.find("details")
    assert "open" not in details.attrs
    assert details.find("summary").get_text().startswith("4 records")
    first, second = (item.get_text() for item in details.find_all("li"))
    assert first == f"{VARIANTS['unet'].title}: weave 0"
    assert second == "PRN: my part 0, 1; weave 2"
    link = details.find_all("a")[2]
    assert link["href"] == "../records/mini/my%20part/quick-seed1/result.json"
    assert link["title"] == "runs/mini/my part/quick-seed1/result.json"


def test_no_records_are_said_to_be_none():
    assert "not run yet" in figures.show_runs(runs())._repr_html_()


def test_runs_are_seen_as_rings_with_their_range():
    picture = figures.show_seeds(runs(run_of("prn", "weave", 0), run_of("prn", "weave", 2)))
    assert "mini weave, quick: image AUROC from 50 to 70 in 2 runs" in picture.alt


def test_the_book_takes_own_records_before_the_projects(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(EXTENSIONS))
    import records_on_pages

    for top in ("results", "runs"):
        path = tmp_path / top / "mini" / "weave" / "quick-seed0" / "result.json"
        path.parent.mkdir(parents=True)
        path.write_text(top)
    shutil.copytree(tmp_path / "results/mini", tmp_path / "results/other")
    (tmp_path / "results" / "lone.json").write_text("no run")
    shutil.copytree(path.parent, path.parent.with_name(".draft"))
    stale = tmp_path / "html" / "records" / "gone"
    stale.mkdir(parents=True)

    handlers = {}
    app = SimpleNamespace(
        outdir=str(tmp_path / "html"), srcdir=str(tmp_path),
        builder=SimpleNamespace(format="html"), connect=handlers.__setitem__,
    )  # fmt: skip
    records_on_pages.setup(app)
    handlers["build-finished"](app, RuntimeError("the build failed"))
    assert stale.is_dir()
    handlers["build-finished"](app, None)
    records = tmp_path / "html" / "records"
    files = {str(p.relative_to(records)): p.read_text() for p in records.rglob("*") if p.is_file()}
    assert files == {
        "mini/weave/quick-seed0/result.json": "runs",
        "other/weave/quick-seed0/result.json": "results",
    }
    sys.modules.pop("records_on_pages")
