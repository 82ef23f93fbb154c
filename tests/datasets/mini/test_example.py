from prn_lib.datasets import DATASETS, load_category
from prn_lib.datasets.check import check
from prn_lib.datasets.mini.example import write_example


def test_the_example_is_a_sound_folder_written_once(tmp_path):
    example = write_example(tmp_path / "button")
    report = check(DATASETS["folder"], example)
    assert report.troubles == []
    (note,) = report.notes
    assert "trains on 32 normal images and 10 anomalies; it tests on 8 normal images and 14" in note
    row = report.table.iloc[0]
    assert (row["normals"], row["anomalies"], row["types"]) == (40, 24, 3)
    before = (example / "good/IMG_1000.jpg").stat().st_mtime_ns
    assert write_example(example) == example
    assert (example / "good/IMG_1000.jpg").stat().st_mtime_ns == before
    category = load_category("folder", "button", example)
    assert len(category.train_anomalies) == 10
    assert category.notes == ()
