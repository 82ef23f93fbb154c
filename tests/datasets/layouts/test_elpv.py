"""Solar cells: the table, our outlines, and the installed package where it is."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from prn_lib.cli import main
from prn_lib.common.paths import project_folder
from prn_lib.datasets import DATASETS, categories, load_category
from prn_lib.datasets.annotations.labelme import read_labelme
from prn_lib.datasets.annotations.write import write_folder
from prn_lib.datasets.check import check

ELPV = DATASETS["elpv"]
OUTLINES = project_folder() / "data" / "solar_cells"
needs_package = pytest.mark.skipif(
    not ELPV.find_package(), reason="the package elpv-dataset is not installed: pip install it"
)


@pytest.fixture
def copy(tmp_path) -> Path:
    """Twelve cells of each kind: seven sound, three defective, two that nobody is sure of."""
    shares = [0.0] * 7 + [1.0] * 3 + [1 / 3, 2 / 3]
    rows = []
    (tmp_path / "images").mkdir()
    for k, kind in enumerate(("mono", "poly")):
        for i, share in enumerate(shares):
            name = f"images/cell{9000 + 100 * k + i}.png"
            Image.new("L", (30, 30), 10 * i).save(tmp_path / name)
            rows.append(f"{name}  {share!r:<18}  {kind}")
    (tmp_path / "labels.csv").write_text("\n".join(rows) + "\n")
    return tmp_path


def test_only_what_an_expert_was_sure_of_counts(copy):
    assert categories("elpv", copy) == ["mono", "poly"]
    mono = load_category("elpv", "mono", copy, n_anomalies=0)
    assert [sample.name for sample in mono.left_out] == ["cell9010", "cell9011"]
    assert {s.name for s in mono.test if s.is_anomaly} == {"cell9007", "cell9008", "cell9009"}
    assert len(mono.train_normals) + sum(not s.is_anomaly for s in mono.test) == 7
    assert any("2 cells are left out" in note for note in mono.notes)
    assert not mono.is_outlined


def test_a_missing_cell_and_a_damaged_table_are_named(copy):
    (copy / "images" / "cell9003.png").unlink()
    with pytest.raises(ValueError, match=r"cell9003.png is missing"):
        load_category("elpv", "mono", copy, n_anomalies=0)
    (copy / "labels.csv").write_text("images/cell9000.png surely mono\n")
    with pytest.raises(ValueError, match=r"labels.csv is not ELPV's table"):
        load_category("elpv", "mono", copy, n_anomalies=0)


def test_without_the_package_it_is_said_how_to_get_it(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(type(ELPV), "find_package", lambda self: None)
    monkeypatch.setattr("prn_lib.datasets.dataset.project_folder", lambda: tmp_path)
    with pytest.raises(ValueError, match="data get --dataset elpv"):
        categories("elpv")
    assert "pip install elpv-dataset" in ELPV.how_to_get
    assert main(["data", "get", "--dataset", "elpv"]) == 1
    told = capsys.readouterr().out
    assert "pip install elpv-dataset" in told
    assert "data check --dataset elpv\n" in told  # no --root: the package has it


@needs_package
def test_the_package_is_whole_and_ten_of_its_cells_are_outlined():
    report = check(ELPV, ELPV.default_root)
    assert report.troubles == []
    assert report.table.set_index("category")["anomalies"].to_dict() == {"mono": 313, "poly": 402}
    mono = load_category("elpv", "mono")
    assert len(mono.train_anomalies) == 10
    assert {s.name for s in mono.train_anomalies} == {p.stem for p in OUTLINES.glob("*.json")}


@needs_package
def test_the_masks_are_what_the_import_draws_of_the_outlines(tmp_path):
    photos = tmp_path / "photos"
    photos.mkdir()
    for outline in OUTLINES.glob("*.json"):
        (photos / outline.name).write_bytes(outline.read_bytes())
        photo = ELPV.default_root / "images" / f"{outline.stem}.png"
        (photos / photo.name).write_bytes(photo.read_bytes())
    write_folder(read_labelme(photos), tmp_path / "out")
    drawn = sorted((tmp_path / "out" / "defective").glob("*_mask.png"))
    assert len(drawn) == 10
    for mask in drawn:
        assert np.array_equal(
            np.asarray(Image.open(mask)), np.asarray(Image.open(OUTLINES / mask.name))
        )
