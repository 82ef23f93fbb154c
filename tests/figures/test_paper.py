"""The page of doubtful places and readings: its picture, its tables, and the list of readings."""

import dataclasses
import json
import re

import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup

from prn_lib import figures
from prn_lib.common.paths import project_folder
from prn_lib.paper import printed as paper
from prn_lib.paper import readings
from prn_lib.paper.variants import TARGETS, VARIANTS
from prn_lib.runs.experiment import Experiment

READINGS = readings.all_readings()
DEFAULTS = {field.name: field.default for field in dataclasses.fields(Experiment)}
WITH_OPTION = [reading for reading in READINGS if reading.option]


@pytest.mark.parametrize("reading", WITH_OPTION, ids=lambda reading: reading.option)
def test_an_option_exists_with_its_default_and_its_alternatives(reading):
    assert reading.option in DEFAULTS
    assert reading.default == DEFAULTS[reading.option]
    assert type(reading.default) is type(DEFAULTS[reading.option])
    assert reading.alternatives
    assert reading.default not in reading.alternatives
    for value in reading.alternatives:
        changed = Experiment(**{reading.option: value})
        assert getattr(changed, reading.option) == value
        assert changed != Experiment()


def test_readings_are_whole():
    book = project_folder() / "book"
    for reading in READINGS:
        assert reading.place
        assert reading.difficulty.endswith((".", "?"))
        assert reading.choice.endswith(".")
        assert not reading.chapter or (book / f"{reading.chapter}.ipynb").is_file(), reading.chapter
        if not reading.option:
            assert (reading.default, reading.alternatives) == ("", ())
    options = [reading.option for reading in WITH_OPTION]
    assert len(options) == len(set(options))


def test_every_reading_that_the_batch_runs_is_listed():
    listed = {reading.option: reading.alternatives for reading in WITH_OPTION}
    for name in TARGETS["readings"].variants:
        options = {k: v for k, v in VARIANTS[name].options.items() if v != DEFAULTS[k]}
        assert name == "prn" or options
        for option, value in options.items():
            assert value in listed[option], name


def test_readings_outside_a_checkout(monkeypatch, tmp_path):
    monkeypatch.setattr(readings, "project_folder", lambda: tmp_path)
    with pytest.raises(FileNotFoundError, match=r"readings\.csv is missing; work in a checkout"):
        readings.all_readings()


def test_values_of_readings():
    row = dict.fromkeys(("place", "difficulty", "choice", "option", "chapter"), "x")
    made = readings._reading({**row, "default": "1e-5", "alternatives": "true; sqrt ;10"})
    assert made.default == 1e-5
    assert made.alternatives == (True, "sqrt", 10)


def test_the_picture_counts_what_lies_outside():
    table = pd.DataFrame({"table": [1, 1, 10], "difference": [0.0, -0.2, 0.05]})
    alt = figures.show_differences(table).alt
    assert alt.startswith("3 dots, one for each printed average of 2 tables")
    assert "1 dots lie outside, the farthest at 0.200" in alt
    assert "; 0 dots lie outside" in figures.show_differences(paper.averages()).alt


def cells_of(shown):
    page = BeautifulSoup(shown._repr_html_(), "html.parser")
    assert page.table["class"] == ["words"]
    names = [head.get_text() for head in page.find_all("th")]
    rows = [row.find_all("td") for row in page.tbody.find_all("tr")]
    assert all([cell["data-name"] for cell in row] == names for row in rows)
    return names, [[cell.get_text() for cell in row] for row in rows], page


def test_every_doubtful_place_is_shown_with_both_copies():
    cases = paper.doubtful()
    names, rows, _ = cells_of(figures.show_doubtful(cases))
    assert names == ["where", "printed", "taken", "why"]
    assert len(rows) == len(cases)
    for row, case in zip(rows, cases.itertuples(), strict=True):
        assert case.place in row[0]
        for copy in (case.english, case.chinese):
            assert (copy or "nothing") in row[1]
        assert ("Chinese:" in row[1]) == (case.english != case.chinese)
        assert row[3] == case.why


def test_readings_link_to_their_chapters():
    _, rows, page = cells_of(figures.show_readings(READINGS))
    links = [link["href"] for link in page.find_all("a")]
    assert links == [f"{reading.chapter}.html" for reading in READINGS if reading.chapter]
    decay = next(row for row in rows if row[3].startswith("weight_decay"))
    assert decay[3] == "weight_decay = 1e-05; or 0.01"
    assert {row[3] for row in rows} >= {"none"}


def test_words_are_escaped():
    _, rows, page = cells_of(figures.show_words({"a<b": ["<script>"], "c": ["x & y"]}, {"x": "y"}))
    assert rows == [["<script>", "x & y"]]
    assert not page.find_all("script")


def test_the_page_shows_every_kind_of_doubtful_place():
    notebook = json.loads((project_folder() / "book" / "errata.ipynb").read_text())
    code = "\n".join("".join(c["source"]) for c in notebook["cells"] if c["cell_type"] == "code")
    shown = code[code.index("cases =") :]
    quoted = set(re.findall(r"""["'](\w[\w ]*)["']""", shown))
    assert set(paper.doubtful()["what"]) <= quoted


def test_prn_is_best_by_both_metrics_in_eight_classes():
    """The solution of an exercise."""
    table = paper.read_table(1).query("category != 'average'")
    best = []
    for metric in ("image_auroc", "pixel_auroc"):
        wide = table.pivot(index="category", columns="method", values=metric)
        best.append((wide["PRN"] >= wide.max(axis=1)).to_numpy())
    assert [int(b.sum()) for b in (*best, np.logical_and(*best))] == [10, 10, 8]
