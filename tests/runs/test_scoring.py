"""A network's scores: of test images, and of new photographs of any kind."""

import numpy as np
import pytest
import torch
from PIL import Image

from prn_lib.datasets import load_category
from prn_lib.datasets.mini.example import write_example
from prn_lib.runs.building import build_model
from prn_lib.runs.experiment import Experiment
from prn_lib.runs.running import run
from prn_lib.runs.scoring import predict, score_photos


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    return write_example(tmp_path_factory.mktemp("example") / "button")


def test_prediction_does_not_depend_on_batches_or_mode():
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(90, 160, (6, 3, 64, 64), generator=generator, dtype=torch.uint8)
    model = build_model(Experiment.from_preset("smoke"), images).train()
    maps, scores = predict(model, images, top_k=5, batch_size=4)
    again, _ = predict(model, images, top_k=5, batch_size=1)
    assert maps.shape == (6, 64, 64)
    assert scores.shape == (6,)
    assert maps.min() >= 0
    assert maps.max() <= 1
    assert torch.allclose(maps, again, atol=1e-5)
    assert torch.allclose(scores, maps.flatten(1).sort().values[:, -5:].mean(1))


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
    alone = score_photos(tmp_path / "run", str(photos[0]))
    assert alone.image_scores == score_photos(tmp_path / "run", photos).image_scores[:1]
    photos[0].write_bytes(b"?")
    with pytest.raises(ValueError, match=r"cannot read image .*L\.png"):
        score_photos(tmp_path / "run", photos)
    with pytest.raises(FileNotFoundError, match="holds no finished run"):
        score_photos(tmp_path, photos)
