"""A run as a detector: the same scores, its threshold, and the same from its ONNX file."""

import subprocess
import sys

import numpy as np
import pytest

from conftest import save_image
from prn_lib.cli import main
from prn_lib.datasets.mini.example import write_example
from prn_lib.inspection.detector import load_onnx
from prn_lib.inspection.folder import find_photos, inspect
from prn_lib.runs.experiment import Experiment
from prn_lib.runs.inspecting import caught, load_detector, read_threshold, set_threshold
from prn_lib.runs.running import run

WITHOUT_TORCH = """
import builtins, sys
real = builtins.__import__
def without(name, *more, **others):
    if name.split(".")[0] in ("torch", "torchvision", "timm"):
        raise ModuleNotFoundError(name)
    return real(name, *more, **others)
builtins.__import__ = without
from prn_lib.cli import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    example = write_example(tmp_path_factory.mktemp("example") / "button")
    experiment = Experiment.from_preset(
        "smoke", dataset="folder", category="button", data_root=str(example),
        max_steps=20, learning_rate=0.003, use_attention=False, use_fusion=False,
    )  # fmt: skip
    return run(experiment, tmp_path_factory.mktemp("runs") / "run")


@pytest.fixture
def normals(tmp_path):
    for i in range(30):
        save_image(tmp_path / f"normals/{i:02d}.png", 100 + i)
    return tmp_path / "normals"


def test_scores_are_those_of_the_run(finished):
    example = finished.experiment.data_root
    photos = find_photos([f"{example}/good"])
    rows = inspect(load_detector(finished.folder), photos)
    recorded = {entry["name"]: entry["score"] for entry in finished.scores}
    tested = {f"good/{p.stem}": row for p, row in zip(photos, rows, strict=True)}
    shared = recorded.keys() & tested.keys()
    assert len(shared) > 2
    for name in shared:
        assert float(tested[name].score) == pytest.approx(recorded[name], abs=2e-4)


def test_a_threshold_is_chosen_stored_and_used(finished, normals, capsys):
    assert main(["threshold", str(finished.folder), str(normals), "--false-alarms", "0.1"]) == 0
    told = capsys.readouterr().out
    chosen = read_threshold(finished.folder)
    assert chosen.normals == 30
    assert f"threshold {chosen.value:.4f}, of 30 good products" in told
    assert load_detector(finished.folder).threshold == chosen.value
    main(["predict", str(finished.folder), str(normals)])
    alarms = sum("  defect  " in line for line in capsys.readouterr().out.splitlines())
    assert alarms <= 2  # floor(0.1 x 31) - 1
    above, count = caught(finished, chosen.value)["good"]
    scores = [e["score"] for e in finished.scores if e["defect"] == "good"]
    assert (above, count) == (sum(s > chosen.value for s in scores), len(scores))


def test_photographs_that_the_run_has_seen_are_refused_whatever_their_name(finished, normals):
    example = finished.experiment.data_root
    seen = next(find_photos([f"{example}/good"]).__iter__())
    (normals / "07.png").write_bytes(seen.read_bytes())
    with pytest.raises(ValueError, match=r"07\.png is .*, which the run was (trained|tested) on"):
        set_threshold(finished.folder, find_photos([normals]), 0.1)


def test_too_few_normals_are_refused(finished, normals):
    with pytest.raises(ValueError, match=r"30 normals are too few .* it needs 99"):
        set_threshold(finished.folder, find_photos([normals]), 0.01)


def test_onnx_says_the_same_without_torch(finished, normals, tmp_path):
    set_threshold(finished.folder, find_photos([normals]), 0.1)
    path = tmp_path / "button.onnx"
    assert main(["export", str(finished.folder), "--out", str(path)]) == 0
    photos = find_photos([normals])
    ours, theirs = load_detector(finished.folder), load_onnx(path)
    assert (theirs.name, theirs.threshold, theirs.image_size) == (
        ours.name, ours.threshold, ours.image_size,
    )  # fmt: skip
    scores = [[float(row.score) for row in inspect(d, photos)] for d in (ours, theirs)]
    np.testing.assert_allclose(scores[0], scores[1], atol=5e-4)
    told = subprocess.run(
        [sys.executable, "-c", WITHOUT_TORCH, "predict", str(path), str(normals)],
        capture_output=True, text=True,
    )  # fmt: skip
    assert told.returncode == 0, told.stderr
    lines = [line.split("  ") for line in told.stdout.splitlines()]
    assert [float(line[0]) for line in lines] == pytest.approx(scores[1], abs=1e-4)


def test_a_file_that_is_no_export_is_refused(tmp_path):
    (tmp_path / "x.onnx").write_bytes(b"junk")
    with pytest.raises(ValueError, match=r"x\.onnx is no ONNX file of this version's 'prn export'"):
        load_onnx(tmp_path / "x.onnx")
    with pytest.raises(FileNotFoundError, match=r"y\.onnx is missing; 'prn export' writes such"):
        load_onnx(tmp_path / "y.onnx")
