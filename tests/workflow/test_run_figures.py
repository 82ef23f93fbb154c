"""Pictures that the batch draws: files with their alt text, and which of them are committed."""

import io
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import commit_records
import run_figures
from conftest import save_image
from prn_lib import figures
from prn_lib.batch.plan import Finder, Request, plan
from prn_lib.datasets import DATASETS
from prn_lib.figures.base import Picture, image_grid, picture
from prn_lib.figures.saved import dataset_of, saved_pictures
from prn_lib.runs.experiment import Experiment
from prn_lib.runs.running import run

PROJECT = Path(__file__).parents[2]
FEW = {"n_anomalies": 3}  # as many as the small product has of each type


def noise_picture(alt="A field of grey noise."):
    figure, axes = image_grid(1, 1)
    axes[0, 0].imshow(np.random.default_rng(0).random((20, 20)))
    return picture(figure, alt)


def pixels(png):
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


@pytest.fixture
def finished(product_root, tmp_path):
    experiment = Experiment.from_preset(
        "smoke", dataset="mvtec", category="plate", data_root=str(product_root), n_anomalies=3
    )
    return run(experiment, tmp_path / "runs" / "a")


@pytest.mark.parametrize("alt", ["Plain words.", "β = 0.42, “quoted”, 傷"])
def test_a_written_picture_is_read_back_with_its_alt_text(tmp_path, alt):
    drawn = noise_picture(alt)
    drawn.write(tmp_path / "new" / "a.png")
    again = figures.read_picture(tmp_path / "new" / "a.png")
    assert again.alt == alt
    assert np.array_equal(pixels(again.png), pixels(drawn.png))
    with Image.open(tmp_path / "new" / "a.png") as image:
        assert image.info["Description"] == alt


def test_fewer_colours_look_nearly_the_same(tmp_path):
    drawn = noise_picture()
    drawn.write(tmp_path / "a.png", colours=64)
    again = pixels(figures.read_picture(tmp_path / "a.png").png)
    assert len(np.unique(again.reshape(-1, 3), axis=0)) <= 64
    assert np.abs(again.astype(int) - pixels(drawn.png)).mean() < 8


def test_a_picture_that_fails_leaves_the_old_file_and_no_draft(tmp_path, monkeypatch):
    drawn = noise_picture()
    drawn.write(tmp_path / "a.png")
    before = (tmp_path / "a.png").read_bytes()

    def half(self, draft, **_):
        draft.write_bytes(b"half")
        raise OSError("the disk is full")

    monkeypatch.setattr(Image.Image, "save", half)
    with pytest.raises(OSError, match="disk is full"):
        drawn.write(tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_files_that_are_no_such_pictures_are_named(tmp_path):
    plain, broken = tmp_path / "plain.png", tmp_path / "broken.png"
    Image.new("RGB", (9, 9)).save(plain)
    with pytest.raises(ValueError, match=r"plain\.png has no alt text; draw it again"):
        figures.read_picture(plain)
    noise_picture().write(broken)
    broken.write_bytes(broken.read_bytes()[:900])
    with pytest.raises(ValueError, match=r"broken\.png is no whole image; delete it"):
        figures.read_picture(broken)
    with pytest.raises(FileNotFoundError, match=r"none\.png"):
        figures.read_picture(tmp_path / "none.png")


def test_figure_6_shows_one_image_of_each_type_of_the_run(finished, tmp_path, monkeypatch):
    out = tmp_path / "six.png"
    monkeypatch.setattr(sys, "argv", ["run_figures.py", "figure6", str(finished.folder), str(out)])
    assert run_figures.main() == 0
    shown = {}
    for entry in finished.scores:
        shown.setdefault(entry["defect"], entry)
    alt = figures.read_picture(out).alt
    assert len(shown) == 3
    for entry in shown.values():
        assert f"{entry['name']} (score {entry['score']:.2f})" in alt
    assert alt.count("(score") == 3


def test_figure_6_of_other_images_is_refused(finished, product_root, tmp_path, monkeypatch, capsys):
    save_image(product_root / "plate/test/good/00.png", 77)
    monkeypatch.setattr(
        sys, "argv", ["run_figures.py", "figure6", str(finished.folder), str(tmp_path / "a.png")]
    )
    assert run_figures.main() == 2
    assert "was run on other images: it has no score of" in capsys.readouterr().err
    assert not (tmp_path / "a.png").exists()


def test_figure_8_has_every_kind_and_finds_the_images(product_root, tmp_path):
    request = Request(
        targets=["figure8"],
        dataset="mvtec",
        data_root=str(product_root),
        preset="smoke",
        overrides={"n_anomalies": 3, "homologous": False},
    )
    plain = plan(Request(**{**vars(request), "targets": ["table1"]}))[0]
    job = Finder(request).find(*plain.name.split("/"))
    assert job.variant == "prn"
    assert job.experiment.data_root == str(product_root)
    out = tmp_path / "eight.png"
    command = ["workflow/run_figures.py", "figure8", "mvtec", "plate", str(out)]
    done = subprocess.run(
        [sys.executable, *command, json.dumps(job.parameters())],
        cwd=PROJECT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    alt = figures.read_picture(out).alt
    assert "EA on" in alt
    assert "HEA on" in alt
    assert "HOA" not in alt


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["figure9"], "wrong arguments"),
        (["figure6", "/none", "a.png"], "/none holds no finished run"),
        (["figure8", "mini2", "weave", "a.png"], "unknown dataset 'mini2'"),
        (["figure8", "mvtec", "plate", "a.png"], "needs data_root"),
    ],
)
def test_wrong_words_end_in_one_line(words, message, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["run_figures.py", *words])
    assert run_figures.main() == 2
    told = capsys.readouterr().err
    assert message in told
    assert len(told.strip().splitlines()) == 1


def draw(project, where, alt="Noise."):
    Picture(noise_picture().png, alt).write(project / where)


def test_saved_pictures_are_the_readers_own_first(tmp_path):
    draw(tmp_path, "results/figures/figure6/mini-a-quick-seed0.png", "The project's.")
    draw(tmp_path, "results/figures/figure6/mini-b-quick-seed0.png", "The project's.")
    draw(tmp_path, "runs/figures/figure6/mini-b-quick-seed0.png", "The reader's.")
    draw(tmp_path, "runs/figures/figure8/mini-b.png")
    found = saved_pictures("figure6", tmp_path)
    assert {name: shown.alt for name, shown in found.items()} == {
        "mini-b-quick-seed0": "The reader's.",
        "mini-a-quick-seed0": "The project's.",
    }
    assert saved_pictures("figure7", tmp_path) == {}


def test_only_pictures_of_generated_data_are_committed(tmp_path, monkeypatch, finished):
    runs = tmp_path / "runs"
    wanted = {"figure6/mini-weave-quick-seed0.png", "figure8/mini-weave-quick-seed0.png"}
    other = {
        "figure6/mvtec-screw-paper-seed0.png",
        "figure8/mini2-a.png",
        "figure8/folder-mini.png",
        "figure8/mini-weave-quick-seed0-0a1b2c3d.png",  # of options that may name foreign textures
    }
    for name in wanted | other:
        draw(runs / "figures", name)
    monkeypatch.setattr(commit_records, "project_folder", lambda: tmp_path)
    monkeypatch.setattr(sys, "argv", ["commit_records.py", str(runs)])
    assert commit_records.main() == 0
    committed = tmp_path / "results"
    found = {str(p.relative_to(committed / "figures")) for p in committed.rglob("*.png")}
    assert found == wanted
    record = (committed / "a" / "result.json").read_bytes()
    assert record == (finished.folder / "result.json").read_bytes()
    monkeypatch.setattr(sys, "argv", ["commit_records.py", str(runs / "figures")])
    assert commit_records.main() == 2


def test_committed_pictures_are_small_and_of_generated_data():
    folder = PROJECT / "results" / "figures"
    committed = sorted(folder.rglob("*.png"))
    assert committed == commit_records.own_figures(folder)
    assert len(committed) >= 6
    assert max(path.stat().st_size for path in committed) < 400_000
    assert all(len(figures.read_picture(path).alt) > 60 for path in committed)


def test_a_pictures_name_begins_with_a_key_without_hyphens():
    assert all(dataset_of(f"{key}-a-b-quick-seed0") == key for key in DATASETS)


def test_the_batch_reads_names_with_hyphens_apart(product_root, tmp_path):
    """Snakemake must find the run of a picture by its name alone."""
    shutil.copytree(product_root / "plate", product_root / "a-quick-plate")
    told = {
        "dataset": "mvtec", "data_root": str(product_root), "preset": "smoke", "seeds": "7",
        "categories": "a-quick-plate", "overrides": FEW,
    }  # fmt: skip
    (tmp_path / "request.json").write_text(json.dumps(told))
    command = [sys.executable, "-m", "snakemake", "figure6", "figure8", "--dry-run", "--nolock"]
    where = ["--snakefile", "workflow/Snakefile", "--configfile", str(tmp_path / "request.json")]
    done = subprocess.run(
        [*command, *where, "--cores", "1"], cwd=PROJECT, capture_output=True, text=True
    )
    shown = done.stdout + done.stderr
    assert done.returncode == 0, shown
    request = Request(["table1"], "mvtec", str(product_root), ["a-quick-plate"], "smoke", [7], FEW)
    (job,) = plan(request)
    told = f"dataset=mvtec, category=a-quick-plate, run={job.experiment.run_name}"
    assert shown.count(told) == 3  # the run and both pictures
