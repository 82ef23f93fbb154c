"""The example of one's own photographs, made of the installed package."""

import pytest

from prn_lib.datasets import DATASETS, load_category
from prn_lib.datasets.layouts.cells_example import add_outlines, write_cells
from prn_lib.datasets.reading.contents import file_digests

ELPV = DATASETS["elpv"]


def test_nothing_lies_in_two_places_and_it_is_written_once(tmp_path):
    if not ELPV.find_package():
        pytest.skip("the package elpv-dataset is not installed: pip install it")
    place = write_cells(tmp_path / "solar")
    counts = {f: len(list((place / f).iterdir())) for f in ("cells/good", "kept_apart", "inbox")}
    assert counts == {"cells/good": 300, "kept_apart": 200, "inbox": 4}
    photos = list(place.rglob("*.png"))
    assert len(set(file_digests(photos).values())) == len(photos) == 300 + 100 + 200 + 4 + 173
    before = place.stat().st_mtime_ns
    assert write_cells(place).stat().st_mtime_ns == before
    bare = load_category("folder", "cells", place / "cells", n_anomalies=0)
    assert not bare.is_outlined
    add_outlines(place / "cells")
    taught = load_category("folder", "cells", place / "cells")
    assert len(taught.train_anomalies) == 10
    assert {s.image.stem for s in taught.train_anomalies} <= {s.image.stem for s in bare.test}


def test_without_the_package_it_is_said_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setattr(type(ELPV), "find_package", lambda self: None)
    with pytest.raises(ValueError, match="pip install elpv-dataset"):
        write_cells(tmp_path / "solar")
    assert not (tmp_path / "solar").exists()
