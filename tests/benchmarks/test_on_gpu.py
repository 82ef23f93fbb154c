"""The scripts for a GPU, without one: every part with tiny sizes, and what a machine is sent."""

import json
import runpy
import shutil
import subprocess
import sys

import pytest
import torch
from safetensors.torch import save_file

from prn_lib.common.paths import project_folder
from prn_lib.datasets import load_category

PROJECT = project_folder()
PARTS = ["smoke", "rate", "first", "step", "synthesis", "inference", "second"]


def script(name, *words):
    command = [sys.executable, PROJECT / "benchmarks" / f"{name}.py", *words]
    return subprocess.run([str(word) for word in command], capture_output=True, text=True)


@pytest.fixture
def script_here(monkeypatch, capsys):
    """A script run in this process, where torch is imported already."""

    def run(name, *words):
        path = PROJECT / "benchmarks" / f"{name}.py"
        monkeypatch.syspath_prepend(str(path.parent))
        monkeypatch.setattr(sys, "argv", [str(path), *map(str, words)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            runpy.run_path(str(path), run_name="__main__")
        told = capsys.readouterr()
        return subprocess.CompletedProcess(sys.argv, ended.value.code, told.out, told.err)

    return run


@pytest.mark.skipif(torch.cuda.is_available(), reason="tries what is said without a GPU")
def test_every_part_runs_and_is_on_record(tmp_path):
    minutes = "1.4"  # too few for an export to ONNX, which has tests of its own
    done = script("on_gpu", "--dry-run", "--minutes", minutes, "--out", tmp_path)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    record = json.loads((tmp_path / "benchmarks" / "gpu-dry-run.json").read_text())
    assert [*record] == [*PARTS, "provenance"]
    assert not any("failed" in made for made in record.values())
    losses = record["smoke"]["losses"]
    assert losses["cpu float32"] == pytest.approx(losses["cpu bfloat16"], rel=0.01)
    rate = record["rate"]
    bound = rate["steps_of_700_epochs"] * rate["tflop_a_step"]
    assert rate["bound_seconds"] * rate["matrix_products_tflop_a_second"] == pytest.approx(bound)
    for part in ("first", "second"):
        run = json.loads((tmp_path / record[part]["run"] / "result.json").read_text())
        assert run["metrics"] == record[part]["metrics"]
        assert len(run["losses"]) == record[part]["steps"] == 5


@pytest.mark.parametrize(("words", "message"), [
    (["--dry-run", "--parts", "rate,fast"], "unknown 'fast'; known: smoke, rate"),
    (["--mvtec", "/none"], "torch sees no GPU"),
])  # fmt: skip
@pytest.mark.skipif(torch.cuda.is_available(), reason="tries what is said without a GPU")
def test_a_wrong_request_is_one_line(script_here, words, message):
    done = script_here("on_gpu", *words)
    assert done.returncode == 2
    assert message in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.fixture
def given(product_root, tmp_path):
    for name in ("bottle", "pill"):
        shutil.copytree(product_root / "plate", tmp_path / "mvtec" / name)
    textures = tmp_path / "dtd" / "images" / "banded"
    shutil.copytree(product_root / "plate" / "train" / "good", textures)
    save_file({"conv1.weight": torch.zeros(64, 3, 7, 7)}, tmp_path / "stem.safetensors")
    return {
        "--mvtec": tmp_path / "mvtec",
        "--textures": tmp_path / "dtd",
        "--weights": tmp_path / "stem.safetensors",
    }


def words_of(given):
    return [word for pair in given.items() for word in pair]


def test_what_is_packed_is_what_the_loader_makes_of_the_originals(script_here, given, tmp_path):
    done = script_here("pack", tmp_path / "pack", *words_of(given))
    assert done.returncode == 0, done.stderr
    assert "stem.safetensors: 0.0 MB" in done.stdout
    for name in ("bottle", "pill"):
        ours = load_category("mvtec", name, tmp_path / "pack" / "mvtec", n_anomalies=3)
        theirs = load_category("mvtec", name, given["--mvtec"], n_anomalies=3)
        for part in ("train_normals", "train_anomalies", "test"):
            samples, originals = getattr(ours, part), getattr(theirs, part)
            assert [s.name for s in samples] == [s.name for s in originals]
            pairs = zip(ours.load(samples, 256), theirs.load(originals, 256), strict=True)
            assert all(torch.equal(packed, original) for packed, original in pairs)
    assert len(list((tmp_path / "pack" / "textures").glob("*.jpg"))) == 6


@pytest.mark.parametrize(("option", "message"), [
    ("--mvtec", "holds no image in bottle or pill"),
    ("--textures", "holds no image"),
    ("--weights", "is no .safetensors file"),
])  # fmt: skip
def test_what_is_missing_is_named_and_nothing_is_written(
    script_here, given, tmp_path, option, message
):
    given[option] = tmp_path / "none"
    done = script_here("pack", tmp_path / "pack", *words_of(given))
    assert done.returncode == 2
    assert f"error: {option} {tmp_path / 'none'} {message}" in done.stderr
    assert not (tmp_path / "pack").exists()
