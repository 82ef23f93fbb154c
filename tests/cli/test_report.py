"""``prn report``: from a finished run to a page."""

import pytest

from prn_lib.cli import main
from prn_lib.runs import Experiment, run


@pytest.fixture
def folder(product_root, tmp_path):
    few = {"n_anomalies": 3, "max_steps": 1, "data_root": str(product_root)}
    experiment = Experiment.from_preset("smoke", dataset="mvtec", category="plate", **few)
    return run(experiment, tmp_path / "run").folder


def test_the_page_lies_in_the_runs_folder_or_where_it_is_told_to(folder, tmp_path, capsys):
    assert main(["report", str(folder)]) == 0
    assert capsys.readouterr().out.startswith(f"{folder / 'report.html'}: 0.")
    assert main(["report", str(folder), "--out", str(tmp_path / "page.html")]) == 0
    assert (tmp_path / "page.html").read_text() == (folder / "report.html").read_text()
    assert "mvtec/plate" in (tmp_path / "page.html").read_text()


def test_what_hinders_is_one_line(folder, tmp_path, capsys):
    assert main(["report", str(folder), "--out", str(tmp_path)]) == 2
    (folder / "scores.npz").unlink()
    assert main(["report", str(folder)]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith(f"error: {tmp_path} is a folder; name a file")
    assert lines[1].startswith(f"error: {folder / 'scores.npz'} is missing")
    assert len(lines) == 2
    assert not (folder / "report.html").exists()
