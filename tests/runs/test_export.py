"""The exported file in another runtime, against the library."""

import builtins
import json

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from scipy import ndimage

from prn_lib.cli import main
from prn_lib.datasets import load_category
from prn_lib.figures import show_network
from prn_lib.runs.experiment import Experiment
from prn_lib.runs.export import OUTPUTS, export_onnx
from prn_lib.runs.results import load_model
from prn_lib.runs.running import run
from prn_lib.runs.scoring import predict

# Enough for maps that are not the same everywhere, so that comparing them says something.
TRAINED = {"max_steps": 20, "learning_rate": 0.003, "seed": 1}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "run"
    return run(Experiment.from_preset("smoke", **TRAINED), folder)


def some_images(count):
    """Such as the network was trained on: of noise it says that nothing is anomalous."""
    category = load_category("mini", "weave")
    return category.load(category.train_anomalies[:count], 64)[0]


@pytest.fixture(scope="module")
def exported(finished):
    path = finished.folder.parent / "made" / "weave.onnx"
    assert main(["export", str(finished.folder), "--out", str(path)]) == 0
    return path


def test_onnxruntime_gives_the_same_maps_and_scores(finished, exported):
    """Batches of any size; stated tolerance: 5e-4 of a probability."""
    session = onnxruntime.InferenceSession(exported, providers=["CPUExecutionProvider"])
    images = some_images(5)
    top_k = finished.experiment.top_k
    expected_maps, expected_scores = predict(load_model(finished.folder), images, top_k=top_k)
    assert expected_maps.max() - expected_maps.min() > 20 * 5e-4
    for count in (1, 5):
        given = {"images": images[:count].numpy().astype(np.float32) / 255}
        maps, scores = session.run(OUTPUTS, given)
        assert maps.shape == (count, 1, 64, 64)
        np.testing.assert_allclose(maps[:, 0], expected_maps[:count], atol=5e-4)
        np.testing.assert_allclose(scores, expected_scores[:count], atol=5e-4)
        flat = np.sort(maps.reshape(count, -1), axis=1)  # the score by hand
        np.testing.assert_allclose(scores, flat[:, -top_k:].mean(1), atol=1e-6)


def test_a_run_with_another_encoder_is_read_again_exported_and_drawn(tmp_path):
    """Without attention and fusion, so that the export is quicker."""
    real = {"encoder": "efficientnet_lite0", "weights": "imagenet"}
    options = {**TRAINED, **real, "use_attention": False, "use_fusion": False}
    made = run(Experiment.from_preset("smoke", **options), tmp_path / "run")
    images = some_images(2)
    model = load_model(tmp_path / "run")
    maps, _ = predict(model, images, top_k=made.experiment.top_k)
    path = export_onnx(tmp_path / "run", tmp_path / "prn.onnx")
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    given = {"images": images.numpy().astype(np.float32) / 255}
    exported, _ = session.run(OUTPUTS, given)
    assert maps.max() - maps.min() > 20 * 5e-4
    np.testing.assert_allclose(exported[:, 0], maps, atol=5e-4)
    assert "The network for an image of 64 x 64 pixels" in show_network(model, 64).alt
    with pytest.raises(FileExistsError, match=r"differs in encoder"):
        run(Experiment.from_preset("smoke", **{**options, "encoder": "resnet18"}), tmp_path / "run")


def test_another_image_score_is_exported_or_refused(tmp_path, capsys):
    """On the U-Net alone, whose export is quicker."""
    plain = {"use_prototypes": False, "use_attention": False, "use_fusion": False}
    for kind in ("smoothed", "region"):
        options = {**plain, "max_steps": 8, "learning_rate": 0.01, "image_score": kind}
        run(Experiment.from_preset("smoke", **options), tmp_path / kind)
    images = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    path = export_onnx(tmp_path / "smoothed", tmp_path / "smoothed.onnx")
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    maps, scores = session.run(OUTPUTS, {"images": images.numpy()})
    blurred = [ndimage.gaussian_filter(each[0], 0.5, mode="mirror", truncate=4) for each in maps]
    np.testing.assert_allclose(scores, [each.max() for each in blurred], atol=2e-3)
    assert main(["export", str(tmp_path / "region"), "--out", str(tmp_path / "region.onnx")]) == 2
    assert "which ONNX has no operation for" in capsys.readouterr().err
    assert not (tmp_path / "region.onnx").exists()


def test_it_is_one_whole_file_that_says_what_it_is(finished, exported):
    assert [path.name for path in exported.parent.iterdir()] == ["weave.onnx"]
    file = onnx.load(exported)
    onnx.checker.check_model(file)
    told = json.loads({entry.key: entry.value for entry in file.metadata_props}["prn"])
    assert told.pop("inspection")["threshold"] is None
    assert Experiment(**told) == finished.experiment
    maps = load_model(finished.folder).prototypes[0].maps
    held = [onnx.numpy_helper.to_array(t) for t in file.graph.initializer]
    assert any(a.shape == maps.shape and np.array_equal(a, maps.numpy()) for a in held)


def test_bad_input_is_one_line_and_leaves_nothing(tmp_path, capsys):
    assert main(["export", str(tmp_path / "nothing"), "--out", str(tmp_path / "a.onnx")]) == 2
    told = capsys.readouterr().err.strip()
    assert "holds no finished run" in told
    assert "\n" not in told
    assert list(tmp_path.iterdir()) == []


def test_missing_packages_are_named_with_the_remedy(finished, tmp_path, monkeypatch):
    real = builtins.__import__

    def without(name, *rest, **named):
        if name == "onnxscript":
            raise ModuleNotFoundError("No module named 'onnxscript'", name=name)
        return real(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match="'onnxscript': pip install onnx onnxscript"):
        export_onnx(finished.folder, tmp_path / "a.onnx")
