"""The paper's tables: whole, within their ranges, and in agreement with each other and the text."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import prn_lib
from prn_lib.datasets import DATASETS
from prn_lib.evaluation.metrics import METRICS
from prn_lib.paper import printed as paper
from prn_lib.paper.printed import averages, doubtful, paper_metrics, read_table

UNSUPERVISED = ["KDAD", "CFLOW", "DRAEM", "SSPCAB", "CFA", "RD4AD", "PatchCore"]
SUPERVISED = ["DevNet", "DRA"]
MVTEC_METHODS = [*UNSUPERVISED, *SUPERVISED, "PRN"]
APPENDIX_METHODS = ["DRAEM", "CFLOW", "SSPCAB", "RD4AD", "PatchCore", "PRN"]
BOTH = {1: METRICS[:2], 2: METRICS[2:]}  # the metrics of MVTec AD are spread over two tables


def values(rows, /, **where):
    """The one row with these keys."""
    for column, value in where.items():
        rows = rows[rows[column] == value]
    assert len(rows) == 1, where
    return rows.iloc[0]


def printed_average(number, method, metric):
    return values(read_table(number), category="average", method=method)[metric]


def mvtec_averages(method):
    return [printed_average(n, method, metric) for n in BOTH for metric in BOTH[n]]


@pytest.mark.parametrize(
    ("number", "keys", "first", "methods"),
    [
        (1, "category", [*DATASETS["mvtec"].published, "average"], MVTEC_METHODS),
        (2, "category", [*DATASETS["mvtec"].published, "average"], MVTEC_METHODS),
        (7, "n_anomalies", [1, 5, 10], ["DevNet", "DRA", "PRN"]),
        (8, "dataset", ["dagm", "btad", "ksdd2"], [*APPENDIX_METHODS, "DRA"]),
        (9, "category", [*DATASETS["dagm"].published, "average"], APPENDIX_METHODS),
        (10, "category", [*DATASETS["btad"].published, "average"], APPENDIX_METHODS),
    ],
)
def test_every_method_has_every_row_once(number, keys, first, methods):
    table = read_table(number)
    found = list(zip(table[keys], table["method"], strict=True))
    assert sorted(found) == sorted((key, method) for key in first for method in methods)


@pytest.mark.parametrize(("number", "rows"), [(3, 7), (4, 5), (5, 6), (6, 4)])
def test_rows_of_the_tables_of_one_method(number, rows):
    assert len(read_table(number)) == rows


@pytest.mark.parametrize("number", range(1, 11))
def test_numbers_are_percent(number):
    table = read_table(number)
    metrics = table[[m for m in METRICS if m in table]]
    assert metrics.shape[1] == (2 if number in BOTH else 4)
    assert all(kind.kind == "f" for kind in metrics.dtypes)
    assert metrics.stack().between(0, 100).all()
    assert metrics.max(axis=None) > 1
    if "seconds" in table:
        assert table["seconds"].between(0.06, 0.23).all()


@pytest.mark.parametrize("number", [1, 2, 9, 10])
def test_printed_averages_follow_from_the_rows(number):
    table = read_table(number)
    disagreeing = []
    for method in table["method"].unique():
        of_method = table[table["method"] == method]
        rows = of_method[of_method["category"] != "average"]
        for metric in [m for m in METRICS if m in table]:
            mean = np.mean([float(x) for x in rows[metric]])
            if abs(mean - printed_average(number, method, metric)) > 0.0501:
                disagreeing.append((method, metric))
    assert disagreeing == []


def test_english_copy_of_one_cell_breaks_an_average():
    entry = values(doubtful(), place="zipper, SSPCAB, image_auroc", what="copies differ")
    table = read_table(1)
    rows = table[(table["method"] == "SSPCAB") & (table["category"] != "average")]
    chosen = values(rows, category="zipper")["image_auroc"]
    assert (entry["table"], float(entry["taken"]), float(entry["chinese"])) == ("1", chosen, chosen)
    english = rows["image_auroc"].sum() - chosen + float(entry["english"])
    assert abs(english / 15 - printed_average(1, "SSPCAB", "image_auroc")) > 0.0501


def test_averages_are_compared_in_full():
    table = averages()
    assert table.groupby("table").size().to_dict() == {1: 20, 2: 20, 9: 24, 10: 24}
    assert table["agrees"].all()
    found = values(table, table=10, method="SSPCAB", metric="pixel_ap")
    assert found["printed"] == 13
    assert found["recomputed"] == pytest.approx((18.1 + 15.8 + 5.0) / 3)
    assert found["difference"] == pytest.approx(0.1 / 3)


def test_a_wrong_cell_does_not_agree(monkeypatch, tmp_path):
    folder = tmp_path / "data" / "paper"
    shutil.copytree(paper.project_folder() / "data" / "paper", folder)
    cell = "zipper,SSPCAB,{},98.4"
    text = (folder / "table1.csv").read_text()
    assert cell.format(100) in text
    (folder / "table1.csv").write_text(text.replace(cell.format(100), cell.format(99.5)))
    monkeypatch.setattr(paper, "project_folder", lambda: tmp_path)
    wrong = averages().query("not agrees")
    assert wrong[["table", "method", "metric"]].values.tolist() == [[1, "SSPCAB", "image_auroc"]]


def test_tables_agree_with_each_other():
    for dataset, number in (("dagm", 9), ("btad", 10)):
        for method in APPENDIX_METHODS:
            short = values(read_table(8), dataset=dataset, method=method)
            full = values(read_table(number), category="average", method=method)
            assert [*short[[*METRICS]]] == [*full[[*METRICS]]], (dataset, method)
    for method in [*SUPERVISED, "PRN"]:
        with_ten = values(read_table(7), n_anomalies=10, method=method)
        assert [*with_ten[[*METRICS]]] == mvtec_averages(method), method
    whole = [
        values(read_table(4), variant="row5"),
        values(read_table(5), variant="row6"),
        values(read_table(6), ratio=0.1),
        values(read_table(3), method="PRN"),
    ]
    assert all([*row[[*METRICS]]] == mvtec_averages("PRN") for row in whole)
    assert whole[2]["seconds"] == whole[3]["seconds"]


def test_names_in_table_3_are_printed_or_proven():
    table = read_table(3)
    fits = {}
    for row in table.itertuples():
        own = [getattr(row, metric) for metric in METRICS]
        fits[row.row] = [method for method in MVTEC_METHODS if mvtec_averages(method) == own]
    proven = table[table["evidence"] == "averages of Tables 1 and 2"]
    assert {row.row: [row.method] for row in proven.itertuples()} == {
        name: methods for name, methods in fits.items() if methods and name != "row1"
    }
    assert table.loc[table["evidence"] == "printed", "row"].tolist() == ["row1", "row4"]
    assert table.loc[table["method"] == "", "evidence"].tolist() == ["", ""]


def test_marks_of_tables_4_and_5():
    marks = read_table(4).set_index("variant")[["marks_en", "marks_zh"]]
    differ = marks.index[marks["marks_en"] != marks["marks_zh"]]
    assert [*differ] == ["row2", "row3", "row4"]
    assert marks["marks_zh"].is_unique
    assert not marks["marks_en"].is_unique
    assert set(doubtful().query("table == '4'")["place"]) >= {f"{row}, marks" for row in differ}
    strategies = read_table(5).set_index("variant").iloc[:, :4]
    assert not strategies.duplicated().any()
    assert strategies.loc["row6"].all()
    assert strategies.loc["row5", "target_area"] == 0


def test_gains_that_the_text_states():
    """Sec. 4.2: gains over the best unsupervised and supervised method, in percent."""
    stated = [(1, 0, 0.2, 3.3), (1, 1, 0.9, 13.7), (2, 2, 2.2, 22.8), (2, 3, 10.5, 52.6)]
    for number, metric, unsupervised, supervised in stated:
        own = printed_average(number, "PRN", METRICS[metric])
        for methods, gain in ((UNSUPERVISED, unsupervised), (SUPERVISED, supervised)):
            best = max(printed_average(number, method, METRICS[metric]) for method in methods)
            assert own - best == pytest.approx(gain), (METRICS[metric], gain)


@pytest.mark.parametrize(
    ("number", "metric", "ties_in", "alone"),
    [(1, "image_auroc", 10, 2), (1, "pixel_auroc", 10, 7), (2, "pixel_ap", 12, 11)],
)
def test_classes_in_which_prn_is_best(number, metric, ties_in, alone):
    table = read_table(number).pivot(index="category", columns="method", values=metric)
    table = table.drop("average")
    others = table.drop(columns="PRN").max(axis=1)
    assert (table["PRN"] >= others).sum() == ties_in
    assert (table["PRN"] > others).sum() == alone


def test_doubtful_entries_are_whole():
    table = doubtful()
    assert [*table] == ["table", "place", "what", "english", "chinese", "taken", "why"]
    assert set(table["table"]) <= {"text", *map(str, range(1, 11))}
    assert (table[["place", "what", "why"]] != "").all(axis=None)
    assert not table.duplicated(["table", "place", "what"]).any()
    differ = table[table["what"] == "copies differ"]
    assert (differ["english"] != differ["chinese"]).all()
    odd = table[table["what"] == "precision"]
    assert sorted(odd["english"]) == ["13", "25.34"]
    for entry in odd.itertuples():
        category, method, metric = entry.place.split(", ")
        found = values(read_table(int(entry.table)), category=category, method=method)
        assert found[metric] == float(entry.taken)


def test_bold_numbers_that_are_not_the_best():
    bold = doubtful().query("what == 'bold' and place != 'every cell'")
    for entry in bold.itertuples():
        category, metric = entry.place.split(", ")
        table = read_table(int(entry.table))
        row = table[table["category"] == category].set_index("method")[metric]
        assert set(row.index[row == row.max()]) == set(entry.taken.split(", ")), entry.place
        assert {entry.english, entry.chinese} != {entry.taken}, entry.place


def test_metrics_of_categories_are_fractions():
    assert paper_metrics("mvtec", "screw") == pytest.approx(
        dict(zip(METRICS, (0.959, 0.975, 0.924, 0.449), strict=True))
    )
    assert [*paper_metrics("btad", "02")] == [*METRICS]
    assert paper_metrics("ksdd2", "all")["pixel_ap"] == pytest.approx(0.725)
    assert paper_metrics("dagm", "Class1")["image_auroc"] == 1
    assert paper_metrics("mvtec", "average") is None
    assert paper_metrics("mini", "weave") is None


def test_a_table_is_the_callers_own():
    mine = read_table(6)
    mine.loc[0, "pro"] = 0
    assert read_table(6).loc[0, "pro"] == 95.4


def test_unknown_table():
    with pytest.raises(ValueError, match="unknown table '11'; known: 1, 2"):
        read_table(11)


def test_outside_a_checkout(monkeypatch, tmp_path):
    monkeypatch.setattr(paper, "project_folder", lambda: tmp_path)
    with pytest.raises(FileNotFoundError, match=r"table1\.csv is missing; work in a checkout"):
        read_table(1)
    shutil.copytree(Path(prn_lib.__file__).parent, tmp_path / "installed" / "prn_lib")
    code = "from prn_lib.paper.printed import paper_metrics; print(paper_metrics('mvtec', 'screw'))"
    (tmp_path / "elsewhere").mkdir()
    told = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path / "elsewhere",
        env={"PYTHONPATH": str(tmp_path / "installed"), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.strip() == "None"
