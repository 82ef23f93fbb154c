"""The batch as a user starts it: real notebooks, real papermill, the smallest preset."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

PROJECT = Path(__file__).parents[1]


@pytest.fixture
def checkout(tmp_path):
    """A project folder of its own, so that the batch writes its runs there."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    for name in ("prn_lib", "workflow", "book", "_toc.yml"):
        source = PROJECT / name
        ignore = shutil.ignore_patterns("_build", "__pycache__")
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=ignore)
        else:
            shutil.copy(source, folder)
    return folder


def reproduce(checkout, *options):
    return subprocess.run(
        [sys.executable, "workflow/reproduce.py", "--preset", "smoke", *options],
        cwd=checkout,
        env={**os.environ, "PYTHONPATH": str(checkout)},
        capture_output=True,
        text=True,
        timeout=600,
    )


OVERRIDES = ("--overrides", '{"n_anomalies": 3}')


def test_a_broken_category_does_not_stop_the_others(checkout, product_root):
    shutil.copytree(product_root / "plate", product_root / "broken")
    (product_root / "broken/train/good/001.png").write_bytes(b"not an image")
    options = ("--data-root", str(product_root), "--tensorboard", "events", *OVERRIDES)
    done = reproduce(checkout, "--dataset", "mvtec", *options)
    assert done.returncode == 1, done.stderr
    assert len(list((checkout / "events/mvtec/plate").glob("smoke-seed0-*/events*"))) == 1
    assert "FAILED broken: ValueError: cannot read image" in done.stderr
    assert "001.png" in done.stderr
    assert re.search(r"^\| plate ", done.stdout, re.MULTILINE)  # the table has the other one
    runs = checkout / "runs/mvtec"
    left = list((runs / "broken").glob("*.failed.ipynb"))
    assert len(left) == 1
    assert nbformat.read(left[0], 4).metadata.papermill.exception
    (record,) = (runs / "plate").glob("*/result.json")
    notebook = nbformat.read(record.parent / "reproduce.ipynb", 4)
    assert not notebook.metadata.papermill.exception
    images = [
        output
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if "<img alt=" in output.get("data", {}).get("text/html", "")
    ]
    assert len(images) >= 4
    (table,) = runs.glob("*.md")
    assert "plate" in table.read_text()

    shutil.copy(product_root / "plate/train/good/001.png", product_root / "broken/train/good")
    before = record.stat().st_mtime_ns
    again = reproduce(checkout, "--dataset", "mvtec", "--data-root", str(product_root), *OVERRIDES)
    assert again.returncode == 0, again.stderr
    assert "finished earlier, kept" in again.stdout
    assert record.stat().st_mtime_ns == before
    assert not list((runs / "broken").glob("*.failed.ipynb"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--dataset", "mini2"), "error: unknown dataset 'mini2'"),
        (("--dataset", "mvtec"), "error: dataset 'mvtec' needs data_root"),
        (("--dataset", "mvtec", "--data-root", "/none"), "error: no mvtec category found in /none"),
        (("--overrides", '{"epochz": 3}'), "did you mean 'epochs'?"),
        (("--overrides", "{3"), "error: overrides are not JSON"),
        (("--overrides", "[1]"), "error: overrides must be a JSON object"),
        (("--categories", "weave", "--preset", "slow"), "error: unknown preset 'slow'"),
    ],
)
def test_a_wrong_request_ends_in_one_line(checkout, options, message):
    done = reproduce(checkout, *options)
    assert done.returncode == 2
    assert message in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_wrong_category_is_named_with_the_known_ones(checkout, product_root):
    done = reproduce(
        checkout, "--dataset", "mvtec", "--data-root", str(product_root), "--categories", "plat"
    )
    assert done.returncode == 1
    assert "FAILED plat: ValueError: unknown category 'plat' of mvtec" in done.stderr
    assert "there: plate" in done.stderr


def test_the_notebooks_parameters_are_known_to_the_batch():
    notebook = json.loads((PROJECT / "book/reproduce.ipynb").read_text())
    (cell,) = (c for c in notebook["cells"] if "parameters" in c["metadata"].get("tags", []))
    names = {line.split(" = ")[0] for line in "".join(cell["source"]).splitlines()}
    assert names == {
        "dataset", "category", "data_root", "preset", "seed", "overrides", "out_dir",
        "tensorboard",
    }  # fmt: skip
