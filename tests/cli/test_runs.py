"""``prn run`` and ``prn predict``, from photographs to scores."""

import csv
import json

import numpy as np
import pytest
from PIL import Image

from prn_lib.cli import main
from prn_lib.runs.results import load_result


@pytest.fixture
def words(product_root, tmp_path):
    which = ["--dataset", "mvtec", "--category", "plate", "--root", str(product_root)]
    few = ["--set", "n_anomalies=3", "--set", "max_steps=2"]
    return ["run", *which, "--preset", "smoke", *few, "--out", str(tmp_path / "run")]


def test_a_run_is_made_once_and_then_read(words, tmp_path, capsys):
    assert main(words) == 0
    told = capsys.readouterr().out
    record = json.loads((tmp_path / "run" / "result.json").read_text())
    assert record["experiment"]["max_steps"] == 2
    assert record["experiment"]["n_anomalies"] == 3
    for name, value in (("image AUROC", "image_auroc"), ("PRO", "pro")):
        line = next(line for line in told.splitlines() if line.startswith(name))
        assert float(line.split()[-1]) == round(100 * record["metrics"][value], 1)
    before = (tmp_path / "run" / "result.json").stat().st_mtime_ns
    assert main(words) == 0
    assert (tmp_path / "run" / "result.json").stat().st_mtime_ns == before
    assert main([*words, "--seed", "1"]) == 2
    assert "differs in seed (0 there, 1 here)" in capsys.readouterr().err


def test_photographs_are_scored_as_in_the_test(words, product_root, tmp_path, capsys):
    main(words)
    result = load_result(tmp_path / "run")
    recorded = {entry["name"]: entry["score"] for entry in result.scores}
    good = product_root / "plate" / "test" / "good"
    capsys.readouterr()
    out = tmp_path / "scores"
    assert main(["predict", str(tmp_path / "run"), str(good), "--out", str(out)]) == 0
    told = capsys.readouterr()
    expected = {f"{name.split('/')[-1]}.png": v for name, v in recorded.items() if "good" in name}
    lines = [line.split("  ") for line in told.out.splitlines()]
    assert [path.rsplit("/", 1)[-1] for _, path in lines] == sorted(expected)
    for score, path in lines:
        assert float(score) == pytest.approx(expected[path.rsplit("/", 1)[-1]], abs=1e-4)
    with (out / "scores.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["photo"] for row in rows] == [path for _, path in lines]
    side = result.experiment.image_size
    with Image.open(out / "maps" / "000.png.png") as image:
        assert image.size == (side, side)
        name = next(i for i, e in enumerate(result.scores) if e["name"].endswith("good/000"))
        grey = np.asarray(image) / 65535
        assert np.allclose(grey, result.score_maps()[name], atol=1e-4)


def test_a_device_that_is_not_there_is_refused(words, capsys):
    assert main([*words, "--device", "tpu9"]) == 2
    assert "unknown device 'tpu9'" in capsys.readouterr().err
    assert main([*words, "--device", "cuda:99"]) == 2
    assert "is not there: torch sees" in capsys.readouterr().err
