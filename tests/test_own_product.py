"""The way of the chapter: a folder of photographs, a run, a score for a new photograph."""

import numpy as np
import pytest
from PIL import Image

from prn_lib.datasets import DATASETS, load_category
from prn_lib.datasets.check import check
from prn_lib.datasets.example import write_example
from prn_lib.experiment import Experiment
from prn_lib.run import run
from prn_lib.scoring import score_photos


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    return write_example(tmp_path_factory.mktemp("example") / "button")


def test_the_example_is_a_sound_folder_written_once(example):
    report = check(DATASETS["folder"], example)
    assert (report.troubles, report.notes) == ([], [])
    row = report.table.iloc[0]
    assert (row["normals"], row["anomalies"], row["types"]) == (40, 24, 3)
    before = (example / "good/IMG_1000.jpg").stat().st_mtime_ns
    assert write_example(example) == example
    assert (example / "good/IMG_1000.jpg").stat().st_mtime_ns == before
    category = load_category("folder", "button", example)
    assert len(category.train_anomalies) == 10
    assert category.notes == ()


def test_new_photographs_get_the_scores_of_the_test(example, tmp_path):
    """A test image handed in as a new photograph gets its recorded score, whatever its company."""
    experiment = Experiment.from_preset(
        "smoke", dataset="folder", category="button", data_root=str(example)
    )
    result = run(experiment, tmp_path / "run")
    category = load_category("folder", "button", example)
    chosen = category.test[::7]
    scored = score_photos(tmp_path / "run", [sample.image for sample in chosen])
    recorded = {entry["name"]: entry["score"] for entry in result.scores}
    expected = [recorded[sample.name] for sample in chosen]
    assert np.allclose(scored.image_scores, expected, atol=1e-5)
    maps = dict(zip(recorded, result.score_maps(), strict=True))
    assert np.allclose(scored.score_maps, [maps[sample.name] for sample in chosen], atol=1e-4)
    assert scored.images.shape == (len(chosen), 3, 64, 64)


def test_photographs_of_any_shape_and_mode_are_scored(example, tmp_path):
    experiment = Experiment.from_preset(
        "smoke", dataset="folder", category="button", data_root=str(example), max_steps=1
    )
    run(experiment, tmp_path / "run")
    photos = []
    for mode, ending in (("L", "png"), ("RGBA", "png"), ("P", "bmp"), ("CMYK", "jpg")):
        path = tmp_path / f"{mode}.{ending}"
        Image.new(mode, (300, 70)).save(path)
        photos.append(path)
    assert score_photos(tmp_path / "run", photos).score_maps.shape == (4, 64, 64)
    photos[0].write_bytes(b"?")
    with pytest.raises(ValueError, match=r"cannot read image .*L\.png"):
        score_photos(tmp_path / "run", photos)
    with pytest.raises(FileNotFoundError, match="holds no finished run"):
        score_photos(tmp_path, photos)
